"""What words of a wish speak of: colours, media, light, places, poses, or the picture as a whole."""

from __future__ import annotations

import re
from typing import Final


def _any(words: str) -> str:
    """A pattern of alternatives, the longest first; "_" stands for a blank or a hyphen."""
    each = sorted(words.split(), key=len, reverse=True)
    return "(?:" + "|".join(word.replace("_", r"[\s-]?") for word in each) + ")"


def _words(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){_any(words)}(?![\w-])", re.IGNORECASE)


_COLOUR = _any(
    "red green blue yellow orange purple pink white black brown gr[ea]y beige turquoise teal cyan magenta "
    "violet indigo maroon crimson scarlet navy olive lime gold golden silver silvery bronze copper ivory "
    "cream tan khaki lavender lilac mint peach coral salmon burgundy aqua azure emerald ruby fuchsia "
    "mauve ochre sepia_brown blond blonde brunette ginger auburn rainbow multicolou?red colou?rless amber "
    "mustard plum rust rose cherry_red fire_engine_red redder bluer greener whiter blacker yellower "
    "pinker browner gr[ae]yer reddish greenish bluish yellowish"
)
_SHADE = _any(
    "dark darker light lighter bright brighter pale paler deep deeper soft softer pastel neon matte? mat "
    "glossy shiny metallic vivid rich royal sky baby forest hot electric dusty warm cool plain solid very "
    "all fully completely entirely slightly more"
)
_COLOUR_NOUN = r"(?:colou?rs?|shades?|tones?|hues?|tints?|paint(?: job)?)"
_COLOURS = (
    rf"(?:(?:{_SHADE}[\s-]+)*{_COLOUR}(?:(?:\s*,\s*|[\s-]+(?:and[\s-]+)?)(?:{_SHADE}[\s-]+)*{_COLOUR})*)"
)
_ALSO_THINGS = re.compile(
    rf"an? (?:{_SHADE} )*(?:orange|lime|olive|peach|coral|salmon|rose|violet|plum|mint|"
    rf"ruby|emerald|rainbow|"
    r"ginger|cream|tan|lavender|lilac|blonde?|brunette)",
    re.IGNORECASE,
)

#: A colour as the whole of a phrase: "dark green", "a lighter shade of brown", "red and white".
COLOUR_PHRASE: Final = re.compile(
    rf"(?:in |of )?(?:(?:an?|the) )?(?:{_COLOURS}(?: {_COLOUR_NOUN})?|"
    rf"(?:[\w-]+ )?{_COLOUR_NOUN} of {_COLOURS}"
    rf"|(?:[\w-]+ ){{1,2}}{_COLOUR_NOUN})(?: instead| all over| too)?",
    re.IGNORECASE,
)
COLOUR: Final = re.compile(rf"(?<![\w-]){_COLOURS}(?![\w-])", re.IGNORECASE)
COLOUR_NOUN: Final = re.compile(rf"(?<![\w-])(?:re)?{_COLOUR_NOUN}(?![\w-])", re.IGNORECASE)

#: What a surface is made of or covered with.
MATERIAL: Final = _words(
    "wooden metal metallic glass glassy leather marble stone stony furry velvet striped stripes "
    "polka_dots? polka_dotted plaid checkered chequered floral_pattern patterned rusty shiny transparent "
    "translucent golden chrome denim silk woollen knitted tiled brick concrete bamboo cardboard porcelain "
    "ceramic"
)
MADE_OF: Final = re.compile(
    r"^(?:be |look |look like it(?:'s| is) )?(?:made|built|constructed) (?:out )?of\b|^out of\b"
)

#: Media and manners of art.
STYLE: Final = _words(
    "sketch sketche[sd] sketchy drawing drawings drawn painting paintings painterly watercolou?rs? "
    "aquarelle cartoon cartoons "
    "cartoonish cartoon_like comic comics comic_book manga anime illustration illustrated mosaic engraving "
    "etching woodcut woodblock linocut lithograph screen_print poster pixel_art pixelart pixelated "
    "8_bit 16_bit vector_art "
    "vector_graphics? clip_art clipart line_art pop_art ascii_art art artwork graffiti stained_glass "
    "origami "
    "papercraft paper_cut-?out claymation clay lego legos plasticine play_doh embroidery embroidered "
    "tapestry cross_stitch fresco "
    "mural collage stencil silhouette render rendering 3d 3_d low_poly voxel voxels cgi blueprint "
    "caricature doodle "
    "crayon crayons charcoal ink pencils? colou?red_pencils? lino lino_?print linoleum chalk gouache "
    "acrylic pastels oil_on_canvas impressionis[mt] "
    "impressionistic? expressionis[mt] cubis[mt] surreal surrealis[mt] baroque renaissance art_nouveau "
    "art_deco bauhaus "
    "minimalis[mt] minimalistic cyberpunk steampunk vaporwave synthwave ukiyo-?e pointillis[mt] "
    "van_gogh monet "
    "picasso dal[ií] hokusai warhol rembrandt klimt vermeer banksy disney pixar ghibli simpsons "
    "minecraft styles? styled "
    "stylis(?:e|ed|ation) styliz(?:e|ed|ation) photorealistic photo_realistic hand_drawn hand_painted "
    "sticker "
    "emoji icon statue_style coloring_book colouring_book storybook picture_book fairy_tale "
    "line_drawing manner abstract movie sculpture"
)
STYLE_VERB: Final = re.compile(
    r"^(?:cartoonif|cartooni[sz]|stylis|styliz|animef|animif|anime-if|pixelif|pixelat|"
    r"vectori[sz]|caricatur|comicif|"
    r"legof|simpsonif|ghiblif|disneyf|artif|sketchif|painterl)\w*$",
    re.IGNORECASE,
)

#: Backgrounds as such.
BACKGROUND: Final = _words(
    "background backgrounds backdrop backround scenery surroundings setting environment location sky "
    "skies skyline landscape weather season lighting illumination"
)
#: Light, weather, season and time of day.
LIGHT: Final = _words(
    "night nights nighttime night_time day daytime daylight dusk dawn sunset sunrise sundown twilight "
    "golden_hour blue_hour noon midday midnight evening morning afternoon moonlight moonlit sunlight "
    "sunlit sunshine sunny lighting lit backlit backlight backlighting shadow shadows shade glow "
    "glowing_light spotlight candlelight candlelit lamplight firelight neon_lights? rim_light soft_light "
    "light_rays sun_?rays sunbeams? god_rays light_source overcast cloudy foggy fog mist misty haze hazy "
    "rain rainy raining drizzle snow snows snowy snowing snowfall storm stormy thunderstorm blizzard "
    "lightning wet winter wintry wintertime summer summery summertime autumn autumnal springtime "
    "early_spring late_spring spring_day spring_morning spring_weather in_spring weather season darkness "
    "dark_outside northern_lights aurora"
)
LIGHT_NOUN: Final = re.compile(r"(?<![\w-])(?:light|lights|lit)(?![\w-])", re.IGNORECASE)

#: Places that a picture may show behind and below its things.
PLACE: Final = _words(
    "beach desert forest woods woodland rainforest jungle meadow field fields grass lawn snow sand garden "
    "park street road roadside highway city town village downtown alley square market marketplace station "
    "airport kitchen bathroom bedroom living_room room office studio classroom library museum church "
    "cathedral castle palace stadium mountains? mountaintop hills? hillside valley canyon lake river sea "
    "ocean seaside seashore shore coast pool harbou?r island space outer_space moon mars planet "
    "underwater rooftop roof balcony terrace table tabletop desk shelf countertop counter worktop floor "
    "carpet rug bar caf[eé] restaurant gym stage warehouse factory farm barn cave waterfall backyard yard "
    "pavement sidewalk pier bridge runway savanna savannah jungle tundra glacier ice volcano vineyard "
    "orchard greenhouse aquarium zoo shop store supermarket mall laboratory lab hospital school "
    "playground paris london rome venice tokyo new_york manhattan hawaii alps venice times_square "
    "eiffel_tower swamp pond clouds backdrop background"
)
_IN = (
    r"(?:onto|on|into|in|inside|at|by|under|underneath|beneath|beside|among|amid|against|"
    r"in front of|in the middle of|over|above|through|near|atop|on top of|surrounded by)"
)
#: A preposition and what follows it, up to the next.
WHERE: Final = re.compile(rf"(?<![\w-]){_IN}\s+(?P<place>.+)$", re.IGNORECASE)

#: Views, directions and turns.
VIEW: Final = re.compile(
    r"(?<![\w-])(?:from (?:directly )?(?:above|below|behind|beneath|underneath|afar|"
    r"overhead|(?:the|its|his|her|their) (?:\w+ )?"
    r"(?:side|sides|front|back|top|bottom|left|right|rear)|a(?:nother| \w+|"
    r" \w+er)? (?:\w+ )?(?:angle|viewpoint|perspective|side))"
    r"|(?:top|side|front|back|rear|aerial|overhead|three-quarter|worm'?s[- ]eye|"
    r"bird'?s[- ]eye)[- ](?:down )?(?:view|shot|perspective|angle)"
    r"|bird'?s[- ]eye|worm'?s[- ]eye|top[- ]down|in profile|profile view|(?:low|high|"
    r"different|other|new|wide|camera|dutch)[- ]angle"
    r"|view ?point|point of view|perspective|upside[- ]?down|(?:anti-?|"
    r"counter-?)?clockwise|\d+ ?(?:degrees?|°)|ninety degrees|horizontally"
    r"|vertically|sideways|upright|facing|faces|leftwards?|rightwards?|to (?:the|its|his|"
    r"her|their) (?:\w+ )?(?:left|right)|to the (?:very )?(?:middle|cent(?:er|re)|edge|"
    r"corner|top|bottom)|the other way(?: round| around)?"
    r"|(?:in )?the opposite direction|the other direction|backwards?|head-on|(?:at|"
    r"towards?|into|away from) the (?:camera|viewer|lens)|mirrored|mirror image|on the (?:other|"
    r"opposite|left|right) side|pose|"
    r"posture)(?![\w-])",
    re.IGNORECASE,
)
_POSE_VERBS = (
    "sit stand lie lay kneel crouch squat jump leap run walk gallop trot fly swim dance sleep wave point "
    "look gaze stare face turn rotate flip mirror tilt lean bend stretch raise lift lower cross fold open "
    "close smile grin frown laugh wink blink nod crawl climb hop spin twist roll bow clap kick swing rear "
    "drive float hover dive lunge pose rest stoop yawn bark roar shout scream cry sing pray salute shrug "
    "perch spread lick bite eat drink sprint march ski surf skate wag flap reverse pivot straighten shake "
    "hug kiss chase read talk"
)
_DOUBLED = {"sit", "run", "swim", "flip", "nod", "hop", "spin", "clap", "wag", "flap"}


def participle(verb: str) -> str:
    """The present participle of a verb in its base form: "sit" → "sitting", "lie" → "lying"."""
    verb = verb.lower()
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb in _DOUBLED:
        return verb + verb[-1] + "ing"
    if verb.endswith("e") and not verb.endswith(("ee", "oe")):
        return verb[:-1] + "ing"
    return verb + "ing"


POSE_VERBS: Final = frozenset(_POSE_VERBS.split())
POSE: Final = _words(
    " ".join([*_POSE_VERBS.split(), *map(participle, _POSE_VERBS.split())])
    + " sits stands lies jumps runs walks flies swims smiles looks faces tilted turned rotated "
    "raised bent lifted lowered crossed folded closed stretched flipped seated asleep awake "
    "standing_up smiling happy "
    "sad angry surprised grinning arms_crossed crossed_arms eyes_closed closed_eyes mouth_open open_mouth "
    "eyes_open"
)
#: Verbs that name a turn or a move of what follows.
POSE_VERB: Final = re.compile(
    r"^(?:rotate|flip|mirror|tilt|raise|lift|lower|bend|lean|stretch|spin|twist|pivot|"
    r"straighten|re-?orient|re-?pose|pose|"
    r"move|shift|slide|drag|push|pull|nudge|reposition|cent(?:er|re)|swing|roll|view|turn|"
    r"face|aim|point|open|close|cross|fold|spread|"
    r"enlarge|shrink|resize|scale)$",
    re.IGNORECASE,
)
SIZE: Final = _words(
    "bigger smaller larger taller shorter longer wider narrower thicker thinner fatter slimmer big small "
    "huge tiny large giant gigantic closer nearer farther further size"
)
#: Parts of a body that are moved rather than changed.
LIMB: Final = _words(
    "arms? hands? legs? heads? knees? eyes? mouths? tails? wings? fingers? foot feet paws? elbows? "
    "shoulders? chins? neck door doors lid trunk hood bonnet beak trunk"
)

#: Properties of a picture as a whole.
WHOLE: Final = _words(
    "contrast saturation saturated desaturate desaturated sharp sharper sharpen sharpness crisp crisper "
    "noise noisy denoise grain grainy exposure overexposed underexposed brightness brighter brighten "
    "darker darken gamma resolution definition high_definition hd 4k 8k high_res quality vivid "
    "vibrant vibrance colou?rful warmth "
    "warmer cooler colou?r_grading colou?r_balance colou?r_temperature white_balance temperature crop "
    "cropped zoom zoomed upscale upscaled downscale downsample black_and_white black_white monochrome "
    "grayscale greyscale sepia hdr filter vignette dramatic moody cinematic detailed details realistic "
    "professional polished blurry blur deblur blurred soft_focus focus in_focus tone tones tonality hue "
    "palette vintage retro faded nostalgic bokeh depth_of_field frame framing composition aspect_ratio "
    "square border compression artifacts artefacts scratches dust washed_out clearer clarity clear tint "
    "cast duotone negative inverted invert punch punchy punchier pop depth softer auto_enhance "
    "enhancement retouched levels curves mood atmosphere enhance enhanced restore restored megapixels "
    "pixels highlights dull flat lens_flare distortion"
)
#: Names of the picture itself, or of all that it shows.
PICTURE: Final = re.compile(
    r"(?:(?:the|this|that|my|our|a|an|all|all of|of|entire|whole|complete|same|product|"
    r"input|original|overall|family|holiday|wedding)\s+)*"
    r"(?:it|this|that|them all|picture|pictures|photo|photograph|photos|image|images|pic|"
    r"shot|snapshot|scene|portrait|"
    r"selfie|everything|all|whole|thing|composition|frame|snap)(?:\s+all)?",
    re.IGNORECASE,
)
EVERYTHING: Final = _words(
    "everything picture photo photograph image pic shot whole entire overall all scene"
)

ARTICLE: Final = re.compile(
    r"^(?:an?|another|one|two|three|four|five|six|some|several|many|few|a few|more|any|extra|\d+)\b",
    re.IGNORECASE,
)
DEFINITE: Final = re.compile(
    r"^(?:the|this|that|these|those|his|her|its|their|my|our|your|both|all|each|every|it|"
    r"him|them|me|us)\b|^\w+'s?\b",
    re.IGNORECASE,
)


def is_colour(text: str) -> bool:
    """Whether a phrase is a colour and nothing else: "dark green", "a shade of brown"; not "an orange"."""
    text = text.strip()
    return bool(COLOUR_PHRASE.fullmatch(text)) and not _ALSO_THINGS.fullmatch(text)


def is_picture(text: str) -> bool:
    """Whether a phrase names the picture itself: "it", "the whole image"."""
    return bool(PICTURE.fullmatch(text.strip()))
