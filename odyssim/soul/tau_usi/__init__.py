"""τ-USI, the User-Sim Index on τ-bench: how close simulated customers come to people who had the same tasks.

Source: arXiv 2603.11245 and its published scorer. People and simulators face the same agent; the index compares four
groups of text features, how often the agent succeeds, and, where both sides filled it in, a survey.
"""
