"""Details of each theme and story in English, for DumplingAI's extractions."""

from typing import NamedTuple


class Product(NamedTuple):
    """A product in a video. The price is in US dollars."""

    name: str
    brand: str
    price: float
    category: str
    description: str


class Theme(NamedTuple):
    """The details that all stories of a theme share."""

    takeaways: tuple[str, str]
    tips: tuple[str, str, str]  # imperatives
    product: Product


class Findings(NamedTuple):
    """The details of one story beyond its beats."""

    people: int  # a crowd is an estimate
    takeaway: str
    lines: tuple[str, str]  # spoken between the two lines of `Story.said`
    objects: str
    sign: str  # text in the picture
    product: Product


THEMES: dict[str, Theme] = {
    "ocean": Theme(
        (
            "The sea sets the pace of the video, and the camera follows it.",
            "Weather and light change the same coast completely within an hour.",
        ),
        ("Check the tide table first.", "Watch the sea for ten minutes.", "Leave the beach as you found it."),
        Product("Dry Bag 20 L", "Norrvik", 45.0, "accessories", "A roll-top bag that keeps its contents dry."),
    ),
    "mountain": Theme(
        (
            "Good preparation shows: equipment, a weather check and an early start.",
            "The terrain decides the route, not the plan.",
        ),
        ("Start early.", "Carry a paper map as a back-up.", "Turn round when the weather does."),
        Product("Firn Shell Jacket", "Hochfeld", 279.0, "apparel", "A light three-layer shell."),
    ),
    "nature": Theme(
        (
            "Stillness makes the life of the place visible.",
            "Nothing is staged; the camera waits and lets things happen.",
        ),
        ("Keep your distance.", "Stay quiet and downwind.", "Leave flowers where they grow."),
        Product("Scout 10x42 Binoculars", "Optika Nord", 349.0, "optics", "Binoculars for low light."),
    ),
    "city": Theme(
        (
            "The city works like a tide: it fills, empties and fills again.",
            "Glass and light turn ordinary streets into a stage.",
        ),
        ("Avoid the rush hour.", "Look up now and then.", "Get off one station early and walk."),
        Product("Metro Day Pass", "Cityline", 7.5, "transport", "A ticket for all lines, valid for one day."),
    ),
    "cooking": Theme(
        (
            "A few good ingredients are enough when the timing is right.",
            "Texture is judged by hand and ear, not only by the clock.",
        ),
        ("Prepare everything before you start.", "Go by sound and smell as well.", "Serve at once."),
        Product("Bench Scraper", "Forno Vero", 14.5, "cookware", "A scraper for dough and boards."),
    ),
    "sport": Theme(
        (
            "Progress comes from repetition, and most of it happens without an audience.",
            "Technique is trained before speed.",
        ),
        ("Warm up for ten minutes.", "Work on the first steps.", "Stop while the form is still good."),
        Product("Pulse Band", "Arclane", 79.0, "wearables", "A chest strap that measures the heart rate."),
    ),
    "product": Theme(
        (
            "One feature at a time is shown, each with its own close-up.",
            "The brand name appears late, only in the last shot.",
        ),
        ("Read the leaflet first.", "Keep it away from direct sun.", "Try it for a week before you decide."),
        Product("Gift Box", "Papier & Co.", 12.0, "packaging", "A box of recycled cardboard."),
    ),
    "portrait": Theme(
        ("Small gestures tell more than words do.", "The room is part of the portrait and explains the person."),
        ("Take your time.", "Put the phone in another room.", "Do one thing at a time."),
        Product("Linen Apron", "Atelier Brenn", 48.0, "apparel", "A washed linen apron with deep pockets."),
    ),
    "tech": Theme(
        (
            "The demonstration shows one concrete result instead of a list of features.",
            "Feedback is immediate: every action changes something on the screen.",
        ),
        ("Test before each session.", "Change one thing at a time.", "Write down every failed attempt."),
        Product("Slate 11 Tablet", "Kova", 449.0, "electronics", "A tablet for workshops and labs."),
    ),
    "travel": Theme(
        ("The detours turn out to be the best part of the trip.", "Traveling light makes everything easier."),
        ("Go early.", "Ask before you take a photograph.", "Leave one day without a plan."),
        Product("Daypack 18 L", "Wanderly", 74.0, "luggage", "A small backpack with hidden pockets."),
    ),
    "pets": Theme(
        (
            "The animal sets the rules; the people only watch and join in.",
            "Body language is easy to read: ears, tail and eyes say it all.",
        ),
        ("Keep to a routine.", "Offer fresh water.", "End while it is still fun."),
        Product("Treat Pouch", "Pawlane", 16.5, "pet supplies", "A small pouch that clips to a belt."),
    ),
    "music": Theme(
        (
            "The performance lives from the contact between stage and audience.",
            "Light follows the music from the first beat to the last.",
        ),
        ("Arrive before the support act.", "Bring ear plugs.", "Stay for the encore."),
        Product("Tour Shirt", "Night Bus Records", 28.0, "merchandise", "A cotton shirt with the tour dates."),
    ),
    "talk": Theme(
        (
            "Start with the problem that people have, not with the solution.",
            "Mistakes become useful once they are named openly.",
        ),
        ("Talk to five customers this week.", "Choose one number that matters.", "Share a mistake with the team."),
        Product("The Honest Roadmap", "Linden Press", 24.0, "books", "A short book about planning in the open."),
    ),
}

STORIES: dict[str, Findings] = {
    "ocean.shore": Findings(
        0,
        "The coast is shown as a place of calm rather than of activity.",
        ("I come down here before work, when nobody else is around.", "The wind turned at six, and it went quiet."),
        "lighthouse, waves, pebbles, gulls, rocks",
        "NO LIFEGUARD ON DUTY",
        Product("Storm Lantern", "Salt & Cedar", 54.0, "home", "A brass lantern for candles."),
    ),
    "ocean.surfer": Findings(
        1,
        "Patience is rewarded: the best ride comes after a long wait.",
        ("You learn to read the water before you get in.", "No two waves are the same, so you keep paying attention."),
        "surfboard, wetsuit, waves, foam, leash",
        "North Beach Car Park 300 m",
        Product("Drift 6'2 Surfboard", "Salt & Cedar", 649.0, "sports equipment", "A hand-shaped all-round board."),
    ),
    "mountain.hikers": Findings(
        2,
        "The summit matters less than the way there.",
        ("We started at five, with head torches.", "When the clouds opened, we could see all the way to the lake."),
        "backpacks, trail map, boots, summit cross, clouds",
        "Col 2,312 m – 1 h 40",
        Product("Ridgeline 35 Backpack", "Hochfeld", 159.0, "outdoor gear", "A 35-liter pack with a metal frame."),
    ),
    "mountain.skier": Findings(
        1,
        "One clean line is worth more than many fast ones.",
        ("You check the weather, and then you check it again.", "The first turn tells you what the snow is like."),
        "skis, poles, helmet, goggles, powder snow",
        "Avalanche risk: moderate",
        Product("Couloir 108 Skis", "Monterra", 719.0, "sports equipment", "Wide skis for deep snow."),
    ),
    "nature.forest": Findings(
        0,
        "Water is what draws the animals to this spot.",
        ("We set up the camera at four in the morning and waited.", "They come here after dry days."),
        "red deer, beech trees, stream, ferns, leaves",
        "Nature reserve – please keep to the path",
        Product("Hide Tent One", "Fernworks", 129.0, "outdoor gear", "A one-person observation tent."),
    ),
    "nature.meadow": Findings(
        0,
        "Small things carry the story: pollen, stems and wings.",
        ("What looks empty at first is full of life.", "In one square meter I counted nine species."),
        "bumblebee, cornflower, butterfly, grass, pollen",
        "Please do not pick the flowers",
        Product("Meadow Seed Mix", "Fernworks", 8.9, "garden", "Seeds of thirty native wildflowers."),
    ),
    "city.crossing": Findings(
        240,
        "Individual faces stand out only for a second.",
        ("Two thousand people cross here every ten minutes.", "You stop noticing the noise after a week."),
        "traffic lights, umbrellas, bicycles, crosswalk, glass towers",
        "EXIT B3 – Central Station",
        Product("Loop Umbrella", "Regenwerk", 39.0, "accessories", "A compact umbrella that resists wind."),
    ),
    "city.skyline": Findings(
        5,
        "Distance turns noise and traffic into a pattern.",
        ("From above, everything looks planned.", "I like it best right after the rain."),
        "bridge, train, cars, towers, rooftop terrace",
        "SKY DECK – 41st FLOOR",
        Product("Sky Deck Ticket", "Cityline", 18.0, "tickets", "Entry to the viewing platform."),
    ),
    "cooking.pasta": Findings(
        1,
        "Cooking water binds the sauce and should not be poured away.",
        ("Salt the water until it tastes like the sea.", "You want to hear it sizzle before anything else goes in."),
        "steel pan, cherry tomatoes, garlic, basil, pasta, cheese",
        "Today: fresh pasta",
        Product("Steel Pan 28 cm", "Forno Vero", 69.0, "cookware", "A carbon steel pan for high heat."),
    ),
    "cooking.bread": Findings(
        1,
        "Dough needs time, and no step can be rushed.",
        ("It rests overnight; that is where the flavor comes from.", "If it sounds hollow, it is done."),
        "stone oven, flour sacks, peel, dough, blade, loaves",
        "Sourdough – daily from 7",
        Product("Stone Mill Flour 1 kg", "Mulino Alto", 4.8, "food", "Fine flour from soft wheat."),
    ),
    "sport.runner": Findings(
        1,
        "Breathing and rhythm are the clearest signs of effort.",
        ("The first three steps decide the race.", "I do not count the runs that felt easy."),
        "running track, starting blocks, spikes, finish line",
        "LANE 4",
        Product("Vector Spike 3", "Arclane", 134.0, "footwear", "Light sprint spikes with seven pins."),
    ),
    "sport.basketball": Findings(
        2,
        "Respect between opponents is part of the game.",
        ("We play until it is too dark to see the rim.", "He always goes left. I know it, and it still works."),
        "basketball, hoop, chain net, fence, brick buildings",
        "COURT CLOSES 22:00",
        Product("Court Ball 7", "Blacktop Supply", 49.9, "sports equipment", "An outdoor basketball with deep grip."),
    ),
    "product.serum": Findings(
        1,
        "Glass, stone and skin carry the message of purity.",
        ("We left out everything that did not have to be there.", "You feel the difference after the first week."),
        "glass bottle, pipette, stone block, label, hand",
        "30 ml / 1.0 fl. oz.",
        Product("Clear Serum No. 4", "Maison Alba", 58.0, "skincare", "A light serum with a dropper, 30 ml."),
    ),
    "product.headphones": Findings(
        0,
        "Light and rotation present the shape before any function.",
        ("Made to be repaired, not replaced.", "Silence is the first thing you will hear."),
        "headphones, ear cups, headband, indicator light, plinth",
        "L / R",
        Product("Halo One Headphones", "Audenne", 329.0, "electronics", "Over-ear headphones that last 40 hours."),
    ),
    "portrait.window": Findings(
        1,
        "A short, quiet routine is shown as something worth keeping.",
        ("I start every day the same way.", "You see the same people pass at the same time."),
        "tall window, tea cup, chair, curtain",
        "Lindenstrasse 12",
        Product("Linden Tea 100 g", "Teehaus Mira", 9.9, "food", "Loose-leaf linden blossom."),
    ),
    "portrait.potter": Findings(
        1,
        "Experience is in the hands and needs no explanation.",
        ("People ask whether it gets boring. It never does.", "You have to leave some room for accidents."),
        "potter's wheel, clay, bowls, wire, bucket, shelves",
        "Open studio: Saturday 10–4",
        Product("Stoneware Bowl", "Atelier Brenn", 42.0, "ceramics", "A wheel-thrown bowl, each one different."),
    ),
    "tech.robot": Findings(
        1,
        "Fine control matters more than raw power.",
        ("We measure the force a thousand times a second.", "It had to learn when to stop."),
        "robotic arm, gripper, egg, tablet, monitor",
        "FORCE 0.42 N",
        Product("Tactus Gripper G2", "Northarm Robotics", 4890.0, "robotics", "A two-finger gripper that feels force."),
    ),
    "tech.app": Findings(
        1,
        "Fewer figures, well arranged, answer questions faster.",
        ("Most of the work was deciding what not to show.", "You can try this yourself; the link is below."),
        "laptop, dashboard, bar chart, filter panel, desk",
        "Weekly report – updated 2 min ago",
        Product("Meridian Analytics Pro", "Meridian", 29.0, "software", "Dashboards for small teams, per month."),
    ),
    "travel.market": Findings(
        14,
        "Conversations with locals are worth more than sights.",
        ("He asked where I was from, and then he poured the tea.", "Every stall has its own smell."),
        "spice cones, awnings, paper bag, tea glass, backpack",
        "SAFFRON – ASK FOR PRICE",
        Product("Saffron 2 g", "Stall 14", 12.0, "food", "A small tin of saffron threads."),
    ),
    "travel.road": Findings(
        2,
        "Time on the road is part of the journey, not a gap in it.",
        ("We had no booking for tonight, and it did not matter.", "Tomorrow we follow the coast a little further."),
        "camper van, cliffs, windshield, folding chairs, thermos",
        "Viewpoint 2 km",
        Product("Fold Chair", "Campanella", 39.0, "outdoor gear", "A folding chair that weighs one kilo."),
    ),
    "pets.dog": Findings(
        1,
        "Play works best in short, happy rounds.",
        ("This is the part of the day we both look forward to.", "Look at the ears; that is pure concentration."),
        "golden retriever, tennis ball, lawn, trees, leash",
        "Please keep dogs in sight",
        Product("Bounce Ball 3-Pack", "Pawlane", 11.9, "pet supplies", "Tennis balls that are safe for teeth."),
    ),
    "pets.cat": Findings(
        0,
        "Watching is play, too, and needs no toy.",
        ("She does this every morning, at the same spot.", "And now she sleeps for six hours."),
        "tabby cat, window sill, flower pots, bird, window",
        "Basil / Mint",
        Product("Sill Cushion", "Mirelle Home", 32.0, "pet supplies", "A cushion made for window sills."),
    ),
    "music.guitar": Findings(
        9,
        "Quiet passages have as much effect as loud ones.",
        ("This next one is new, so be kind.", "I learned this chord by mistake."),
        "acoustic guitar, microphone, chair, candles, small stage",
        "Tonight – doors 20:00",
        Product("Parlor Acoustic P-2", "Hollis Guitars", 899.0, "instruments", "A small-bodied acoustic guitar."),
    ),
    "music.festival": Findings(
        600,
        "The audience knows the words and carries the song.",
        ("Sing the last line with me!", "Three months on the road, and this is home."),
        "drum kit, electric guitar, light beams, confetti, raised hands",
        "STAGE B – 21:30",
        Product("Festival Day Ticket", "Open Field", 89.0, "tickets", "Entry to all stages for one day."),
    ),
    "talk.keynote": Findings(
        180,
        "One number that everybody understands beats ten charts.",
        ("We asked four hundred customers, and I had not expected the answer.", "If all is urgent, nothing gets done."),
        "stage, projection screen, microphone, rows of seats, laptops",
        "73 %",
        Product("Conference Recordings", "Linden Press", 49.0, "video", "All talks of the conference, on demand."),
    ),
    "talk.interview": Findings(
        2,
        "Choosing the right people outweighs most later decisions.",
        ("Then we started to listen, and that changed everything.", "I would make that mistake again, only sooner."),
        "two microphones, round table, water glasses, headphones",
        "ON AIR",
        Product("Studio Mic S1", "Voxline", 179.0, "electronics", "A microphone for podcasts."),
    ),
}
