"""One loaded model folder: weights, tokenizer, what ends a reply, and a name that vouches for the content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from jinja2 import TemplateError
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, PreTrainedTokenizerBase

from odyssim.errors import BadRequest, DataError, UsageError
from odyssim.types import Message

IDENTITY_FILES = ("model*.safetensors", "config.json", "tokenizer*", "chat_template*")
"""What a model's name vouches for: the weights, and how text becomes tokens."""


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model folder. `ends` are the token ids that end a reply, `room` the positions of prompt and answer."""

    name: str
    model: Any  # a transformers causal LM; its `generate` has no usable static type
    tokenizer: PreTrainedTokenizerBase
    ends: tuple[int, ...]
    room: int | None

    @classmethod
    def load(cls, path: Path | str, device: torch.device) -> Checkpoint:
        """Load in the stored precision on an accelerator and in float32 on a CPU, where half precision is slow.

        Raises `DataError` for a folder that is no complete chat model, `UsageError` for one that does not fit.
        """
        folder = model_folder(path)
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                output_loading_info=True,
                local_files_only=True,
                use_safetensors=True,
                dtype=torch.float32 if device.type == "cpu" else "auto",
            )
            model, report = loaded
            model.to(device).eval()
        except torch.OutOfMemoryError as error:
            raise UsageError(
                f"{folder} does not fit into the memory of {device}.", hint="use a smaller model, or --device cpu"
            ) from error
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise DataError(
                f"not a loadable model: {error}", path=folder, hint="download or save the checkpoint again"
            ) from error
        if absent := sorted(report["missing_keys"]):
            raise DataError(
                f"the weights lack {len(absent)} tensors of the architecture, first '{absent[0]}'",
                path=folder,
                hint="download or save the checkpoint again",
            )
        if tokenizer.chat_template is None:
            raise DataError(
                "the tokenizer has no chat template", path=folder, hint="add a chat_template.jinja, or use a chat model"
            )
        ends = _end_ids(model.generation_config.eos_token_id, tokenizer.eos_token_id)
        if not ends:
            raise DataError(
                "neither generation_config.json nor the tokenizer names an end token",
                path=folder,
                hint="set eos_token in tokenizer_config.json",
            )
        # The checkpoint's own top_k, penalties and the like would silently bend every draw.
        pad = ends[0] if tokenizer.pad_token_id is None else tokenizer.pad_token_id
        model.generation_config = GenerationConfig(pad_token_id=pad, do_sample=False)  # type: ignore[no-untyped-call]
        name = f"local/{_label(path)}@{fingerprint(folder)}"
        room = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        return cls(name=name, model=model, tokenizer=tokenizer, ends=ends, room=room)

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """The prompt up to where the assistant speaks. Raises `BadRequest` if the template refuses the messages."""
        try:
            ids: list[int] = self.tokenizer.apply_chat_template(  # type: ignore[assignment]  # by return_dict=False
                [message.model_dump() for message in messages], add_generation_prompt=True, return_dict=False
            )
        except TemplateError as error:
            raise BadRequest(f"The chat template of {self.name} refuses these messages: {error}") from error
        return ids

    def pieces(self, text: str) -> list[str]:
        """`text` cut where its tokens begin; a character of several tokens stays whole, so pieces may be empty."""
        offsets = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        starts = [start for start, _ in offsets] or [0]
        return [text[start:end] for start, end in zip([0, *starts[1:]], [*starts[1:], len(text)], strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids` without special tokens, its spaces untouched."""
        text: str = self.tokenizer.decode(  # type: ignore[assignment]  # one list of ids gives one text
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text


def model_folder(path: Path | str) -> Path:
    """The folder of `path`: itself, or that of a hub id in the local cache. Nothing is ever downloaded."""
    folder = Path(path)
    if not folder.is_dir():
        try:
            folder = Path(snapshot_download(str(path), local_files_only=True))
        except (HFValidationError, LocalEntryNotFoundError) as error:
            raise DataError(
                f"no such folder, and no model of this name in the local hub cache: '{path}'",
                hint=f"check the path; a model of the hub is fetched first with: hf download {path}",
            ) from error
    if not (folder / "config.json").is_file():
        adapter = (folder / "adapter_config.json").is_file()
        raise DataError(
            "not a model folder: it has no config.json",
            path=folder,
            hint="this is a LoRA adapter: merge it into its base model first"
            if adapter
            else "name the folder that save_pretrained wrote",
        )
    return folder


def fingerprint(folder: Path) -> str:
    """8 hex digits of the SHA-256 over all of `IDENTITY_FILES`: equal for equal content, wherever it lies.

    The weights are read in full, because a step of training changes neither their names nor their sizes.
    """
    files = sorted(file for pattern in IDENTITY_FILES for file in folder.glob(pattern) if file.is_file())
    with ThreadPoolExecutor() as pool:
        digests = pool.map(_sha256, files)
        lines = [f"{file.name} {digest}" for file, digest in zip(files, digests, strict=True)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _label(path: Path | str) -> str:
    return Path(path).resolve().name if Path(path).is_dir() else str(path)


def _end_ids(*declared: int | list[int] | None) -> tuple[int, ...]:
    lists = [ids if isinstance(ids, list) else [] if ids is None else [ids] for ids in declared]
    return tuple(dict.fromkeys(token for ids in lists for token in ids))
