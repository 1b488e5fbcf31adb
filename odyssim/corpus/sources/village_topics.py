"""What villagers chat about (CONV): openers, reactions, questions and answers, and the words that fill their slots."""

from __future__ import annotations

from dataclasses import dataclass

from odyssim.corpus.sources.village_text import Lines, lines


@dataclass(frozen=True)
class Topic:
    """What two people talk about: where it starts, how one reacts, and what may be asked back
    (every question of an exchange can take every answer)."""

    name: str
    openers: Lines
    reactions: Lines
    exchanges: tuple[tuple[Lines, Lines], ...]


SLOTS: dict[str, Lines] = {
    "hey": lines("Hey. / Hi. / Hello. / Morning. / Evening. / Psst. / You there?"),
    "day": lines("Monday / Tuesday / Wednesday / Thursday / Friday / Saturday / Sunday"),
    "time": lines("six / half past seven / eight / nine / noon / four / ten to five"),
    "place": lines(
        "the bakery / the bridge / the school / the pond / the Heron / the church / the bus stop / the mill"
    ),
    "street": lines("Mill Lane / Goose Street / the lower road / Chapel Row / the square / Ferry Road"),
    "colour": lines("black / grey / ginger / spotted / white / brown"),
    "dish": lines("lentil soup / apple cake / potato pancakes / fish pie / plum jam / dumplings / bean stew"),
    "bread": lines("rye / poppy rolls / sesame rolls / white bread / crescents / onion bread"),
    "plant": lines("tomatoes / beans / dahlias / lettuce / roses / cabbages / courgettes"),
    "tool": lines("ladder / drill / wheelbarrow / saw / hose / jack / spirit level"),
    "kin": lines("my sister / my mother / my son / my uncle / my niece / my neighbour"),
    "number": lines("two / three / four / five / six / ten"),
}

TOPICS = (
    Topic(
        "the power cut",
        lines("Is your power off too? / Lights out here since {time}. / Did you blow a fuse or is it all of {street}?"),
        lines("Here too. / No, I've got light. / Just came back. / Everything's dark."),
        (
            (
                lines("Did you call anyone? / Have you rung them?"),
                lines(
                    "Nobody picks up. / They say {number} hours. / Yes, a tree on the line. / "
                    "With what, my phone's dying."
                ),
            ),
            (
                lines("Have you got candles? / Can you see anything?"),
                lines("One. / Somewhere. / I'm sitting in the car. / Bike lamp."),
            ),
            (
                lines("And your freezer? / What about the freezer?"),
                lines(
                    "Come and eat ice cream. / Dripping already. / "
                    "There's nothing in it but peas. / Don't open it, they say."
                ),
            ),
        ),
    ),
    Topic(
        "the bakery",
        lines(
            "No {bread} left again. / Queue at the bakery goes round the corner. / "
            "They were out of {bread} at {time} already."
        ),
        lines("Again? / You have to go early. / I froze some. / I was there first thing."),
        (
            (
                lines("How much did you want? / What did you need?"),
                lines(
                    "Just a bit of {bread}. / Enough for {number}, I've got guests. / Whatever they had. / Breakfast."
                ),
            ),
            (
                lines("Want some of mine? / I've got {bread} if you want."),
                lines("Oh yes please. / No, I'll have toast. / You're a saint. / How old is it?"),
            ),
            (
                lines("Who was serving? / Was it the slow one again?"),
                lines("A girl I don't know. / Couldn't see, too many heads. / The one who sings. / Him, yes."),
            ),
        ),
    ),
    Topic(
        "a lost cat",
        lines("Have you seen a {colour} cat? / The cat's gone since {day}. / Our {colour} cat didn't come home."),
        lines("Oh no. / There was one near {place}. / They come back. / Not in my yard."),
        (
            (
                lines("What's it called? / What do you call it again?"),
                lines("Minka. / Sir Henry, don't ask. / Just Cat. / Depends who's shouting."),
            ),
            (
                lines("Did you look in the shed? / Is it stuck in a shed?"),
                lines("Twice. / It's too fat for the shed. / Which one, we've got {number}. / Looked, only mice."),
            ),
            (
                lines("Should I help you look? / Do you want me to come over?"),
                lines("That'd be kind. / Yes, bring a torch. / Wait, I hear something. / At {time} maybe."),
            ),
        ),
    ),
    Topic(
        "the bus",
        lines("Bus didn't come. / No bus again, great. / Standing at {place} like an idiot, no bus."),
        lines("It's on strike I think. / It was early. / It never comes on {day}. / I saw it go past empty."),
        (
            (
                lines("Where do you need to go? / Where are you off to?"),
                lines("Dentist. / Just into town. / Work, in theory. / {place}, it's too far to walk."),
            ),
            (
                lines("Should I drive you? / Want a lift?"),
                lines("Would you? / No no, I'll walk. / Yes, now. / In your car? I'd rather wait."),
            ),
            (
                lines("When's the next one? / Isn't there another?"),
                lines("In an hour. / Not till {time}. / The sign says {time}. The sign lies. / Tomorrow, ha."),
            ),
        ),
    ),
    Topic(
        "the new neighbour",
        lines("Someone's moved into the house on {street}. / Big van in {street} today. / I've got new neighbours."),
        lines("Finally. / I saw a piano. / With kids? / Let them settle first."),
        (
            (
                lines("What are they like? / And, nice?"),
                lines("Loud. / Nice enough. Vegetarian. / He waved. Twice. / Tall."),
            ),
            (
                lines("Where are they from? / City people?"),
                lines(
                    "From the coast. / You can tell by the shoes. / Abroad I think. / Two villages over, so foreigners."
                ),
            ),
            (
                lines("Did you bring them something? / Have you been over?"),
                lines("I made {dish}. / On {day} maybe. / I'm shy, you know that. / They weren't in."),
            ),
        ),
    ),
    Topic(
        "the match",
        lines("{number} nil. At home. / Did you see that match. / We lost again."),
        lines("Don't talk to me. / Fell asleep. / It was offside. / My cousin scored at least."),
        (
            (
                lines("Who was in goal? / Who let them in?"),
                lines("Nobody, basically. / The butcher. / {kin}, sadly. / Some boy of fifteen."),
            ),
            (
                lines("What's wrong with them? / Why do we always lose?"),
                lines("They need a coach. / They drink. / Shoes too small, heads too big. / No idea anymore."),
            ),
            (
                lines("Are you going on {day}? / Next one too?"),
                lines("Of course. / Never again. So yes. / If it's dry. / Only for the sausages."),
            ),
        ),
    ),
    Topic(
        "the garden",
        lines("Slugs ate all my {plant}. / My {plant} are dying. / Something's wrong with the {plant} this year."),
        lines("Same. / Mine are huge. / It's the rain. / I gave up in May."),
        (
            (
                lines("Did you try beer? / Have you put beer out?"),
                lines("They got drunk and ate more. / I drank it myself. / Not on a {day}. / That's a myth."),
            ),
            (
                lines("What do you feed them? / What are you giving them?"),
                lines("Coffee grounds. / Nothing, just swearing. / The stuff in the green bag. / That's a secret."),
            ),
            (
                lines("Do you want some of my {plant}? / I've got {plant} to give away, want some?"),
                lines(
                    "Take pity on me, yes. / Swap you for eggs. / Where would I put them. / "
                    "I'll come with a bucket at {time}."
                ),
            ),
        ),
    ),
    Topic(
        "a parcel",
        lines(
            "They left your parcel in my {plant}. / Got a parcel here with your name on it. / "
            "Your parcel's at mine again."
        ),
        lines("Ah there it is. / Oh finally. / They never ring. / I was home the whole day!"),
        (
            (
                lines("Is it big? / Is it heavy?"),
                lines("You need a wheelbarrow. / It rattles. / Like a shoebox. / No, but it's wet. Sorry."),
            ),
            (
                lines("When can I get it? / Are you home at {time}?"),
                lines("Whenever. / After {time}. / It's on the porch. / No but the key's under the pot."),
            ),
            (
                lines("Can you open it for me? / Have a look what's inside?"),
                lines("Shoes. / It's {number} candles? / I'm not opening that. / Done. It's for {kin} I think."),
            ),
        ),
    ),
    Topic(
        "a cold",
        lines("I've got a fever. / Cough's back. / I can't come on {day}, I'm sick."),
        lines("Stay in bed. / Everybody has it. / Oh dear. / Don't breathe on me."),
        (
            (
                lines("Do you need anything? / Should I bring you something?"),
                lines("Lemons. / {dish} would be nice. / No, I just want to sleep. / Quiet."),
            ),
            (
                lines("Did you see the doctor? / What does the doctor say?"),
                lines("She says tea. / I don't like doctors. / On {day}, earliest. / That I'm old."),
            ),
            (
                lines("How long now? / Since when?"),
                lines("{number} days. / Since {day}. / Forever. / Started at choir, of course."),
            ),
        ),
    ),
    Topic(
        "the birthday",
        lines(
            "It's {kin}'s birthday on {day}. / Are you coming on {day}? Birthday. / "
            "I'm having people over on {day}, birthday."
        ),
        lines("Already? / I forgot completely. / How old? / I'll be there."),
        (
            (
                lines("Should I bring something? / What can I bring?"),
                lines("{dish}. / Just yourself. / Chairs, really. / Anything but socks."),
            ),
            (
                lines("Who else is coming? / Many people?"),
                lines(
                    "Half the village. / {kin} and the choir, so bring earplugs. / "
                    "{number} of us. / Family. Pray for me."
                ),
            ),
            (
                lines("What time? / When does it start?"),
                lines("From {time}. / When the cake's done. / {time}, {time} for you. / All day."),
            ),
        ),
    ),
    Topic(
        "road works",
        lines(
            "They've dug up {street} again. / {street} is closed from {day}. / "
            "Can't get out of my drive, they're digging."
        ),
        lines("For the third time. / Go round by the mill. / I walk now. / It's for the pipes."),
        (
            (
                lines("Till when? / How long will it take?"),
                lines(
                    "Till {day}, so till winter. / Nobody knows. / {number} weeks. / They found bones or something, so."
                ),
            ),
            (
                lines("Where do you park? / And your car?"),
                lines("On the grass. / At {place}. / It's in there with them. / I'm a cyclist now."),
            ),
            (
                lines("Is it loud? / Can you sleep?"),
                lines(
                    "I wear a hat. Two hats. / Since {time} every day. / Not really. / "
                    "You get used to it. No you don't."
                ),
            ),
        ),
    ),
    Topic(
        "borrowing",
        lines("Can I borrow your {tool}? / Could you lend me a {tool} till {day}? / You don't have a {tool}, do you?"),
        lines("Let me look. / Sure. / I had one. / Depends."),
        (
            (
                lines("What's it for? / What do you need it for?"),
                lines("The gutter. / A surprise. / {kin}'s wardrobe. / Long story, the dog's in the chimney."),
            ),
            (
                lines("When do you need it? / Now?"),
                lines("{day}, no rush. / Right now, I'm on the roof. / Before {time} if you can. / Yesterday."),
            ),
            (
                lines("Will I get it back this time? / You'll bring it back?"),
                lines("Of course. / That was one time. / Cleaned, even. / Cross my heart."),
            ),
        ),
    ),
    Topic(
        "school",
        lines(
            "The little one lost a jacket again. / "
            "They want {number} cakes for the school fair. / "
            "School letter came. Guess what."
        ),
        lines("Mine too. / I didn't get the letter. / Again? / I don't miss those years."),
        (
            (
                lines("Did you ask the teacher? / What does the teacher say?"),
                lines("That he's bright but chatty. / Nothing useful. / Not yet. / She's off till {day}."),
            ),
            (
                lines("Will you bake? / Are you making something for the fair?"),
                lines(
                    "{dish} counts as cake, right? / I bought one, don't tell. / "
                    "Your turn I think. / Do I look like I bake."
                ),
            ),
            (
                lines("Who's driving them? / Do you need a lift for the kids?"),
                lines("They can walk. / {kin}, if the car starts. / You? / The bus. Ha."),
            ),
        ),
    ),
    Topic(
        "dinner",
        lines("I made too much {dish}. / There's {dish} left, who wants it. / Nobody here eats my {dish}."),
        lines("I'm on my way. / Yum. / I just burnt mine. / What's in it?"),
        (
            (
                lines("Is there any left? / How much is there?"),
                lines("A whole pot. / The dog got it. / Enough for {number}. / Come by {time}, then yes."),
            ),
            (
                lines("Is it the old recipe? / Your gran's recipe?"),
                lines(
                    "Gran's, with more salt. / Out of a magazine. / No recipe, only hope. / "
                    "Don't tell her I changed it."
                ),
            ),
            (
                lines("Can I bring {kin}? / Should I bring wine?"),
                lines("Sure. / If you must. / We've only got {number} plates, but yes. / Always."),
            ),
        ),
    ),
    Topic(
        "the noise at night",
        lines(
            "Did you hear that last night? / What was that bang at {time}? / I didn't sleep, somebody was hammering."
        ),
        lines("I thought I dreamt it. / That was {place} I think. / I sleep like a log. / Fireworks maybe."),
        (
            (
                lines("Did you look? / Did you go out?"),
                lines("In my slippers. / I'm not mad. / {kin} did, saw nothing. / Only from the window."),
            ),
            (
                lines("A fox? / Could've been a fox?"),
                lines("With a hammer? / Bigger. / Maybe. A heavy one. / The hens are all there."),
            ),
            (
                lines("Should we tell someone? / Do you want to report it?"),
                lines("And say what. / Let's wait till {day}. / Already called. / It was probably my gate."),
            ),
        ),
    ),
    Topic(
        "a job",
        lines("I start the new job on {day}. / They've offered me a job in town. / I think I'll quit."),
        lines("Since when? / Oh wow. / About time. / And who does yours then?"),
        (
            (
                lines("Does it pay? / Is the money good?"),
                lines("Better than here. / You'd laugh. / No. But there's a canteen. / A bit."),
            ),
            (
                lines("Who knows about it? / Have you told them?"),
                lines("Only you. / {kin}, so everybody. / On {day} I will. / Nope."),
            ),
            (
                lines("Why now? / What happened?"),
                lines("My back. / I was bored. / Ask my boss. / {number} years, that's why."),
            ),
        ),
    ),
)
