/// Makes passphrases that a person can copy off a screen, and keep.
public enum GeneratedPassphrase {
    /// Sixty bits with words out of 1,024: guessing one of these takes 2^59 derivations of a third of a second on average.
    public static let wordsCount = 6

    /// Six words that nobody else has, joined by hyphens: one word to every shell, client and dialect.
    public static func make(using generator: inout some RandomNumberGenerator) -> String {
        (0..<wordsCount).map { _ in String(words[Int.random(in: words.indices, using: &generator)]) }.joined(separator: "-")
    }

    /// With the system's source of randomness, which is fit for secrets.
    public static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        return make(using: &generator)
    }

    /// Everyday words of three to nine letters, no two of which sound alike.
    static let words: [Substring] = """
        acorn acre actor adobe agate agent alarm album alder alley almond amber anchor angle ankle antler anvil apple apron arch arena armor arrow
        artist ashen aspen aster atlas attic auburn august aunt autumn award axle azure bacon badge badger bagel bakery ballad balsam bamboo banana
        bandit banjo banner barber barley barn barrel basin basket batch beach beacon beaker bean beaver bedrock beetle bell belt bench berry bicycle
        birch biscuit bishop bison blanket blaze blend blossom blue board boat bobbin bolt bonfire book boot border bottle boulder bounty bowl
        bracket braid branch brass bread breeze brick bridge brisk broccoli bronze brook broom brush bubble bucket buckle buffalo bugle builder bulb
        bunker burrow bushel butler butter button cabin cable cactus cake calico camel camera candle candy canoe canopy canvas canyon cape captain
        caramel caravan carbon cardinal cargo carol carpet carrot carver cashew castle cattle cavern cedar celery cellar cello cement center ceramic
        cereal chain chalk channel chapel charcoal chart cheddar cheese cherry chess chestnut chicken chief chimney chorus cider cinder cinema circle
        citrus city clam clarinet clay clerk cliff clock cloud clover coach coast cobalt cobra cocoa coconut coffee coin collar colony comet compass
        concert condor cone copper coral corner cosmic cotton cougar council country county cousin cove cowboy coyote crab cradle crane crater crayon
        creek crest cricket crimson crocus crown crystal cubic cumin cupboard current curtain cushion custom cycle cymbal cypress daffodil daisy
        damson dancer dapple darling dawn daylight decade deck delta denim depot desert desk diamond diary diesel dinner dipper dock doctor dogwood
        dolphin dome domino donkey door double dough dove dragon drawer dream drift driver drum duchess duck duet dune dusk dust dynamo eager eagle
        early earth easel east echo eclipse edge editor elbow elder elegant elephant ember emblem emerald emperor empire enamel engine ensign
        envelope epic equal ermine escort estate evening evergreen express fabric factory falcon family farmer fashion feather fence fennel fern
        ferry festival fiber fiddle field figure filter finch finger fire fjord flag flame flannel flash flax fleece flint flock floor flora flower
        flute foam fog folder forest forge fork fossil fountain frame freckle freight fresco friend frog frost fruit galaxy gallery gallon garden
        garlic garnet gate gather gazelle gecko gentle geyser giant ginger giraffe glacier glade glass glider globe glove goat goblet gold golf
        gondola goose gorge gown grain granite grape graph grass gravel gravity green griffin grove guard guest guide guitar gulf gull gypsum habit
        hammer hammock harbor harp harvest hatch hazel heather hedge helmet hemlock herald herb hermit heron hickory highway hill hinge hobby hollow
        holly honey hood hoof horizon horn horse hotel house humble hundred hunter hurdle husky hymn iceberg icicle igloo indigo infant inkwell inlet
        insect iris iron island ivory jacket jade jaguar jasmine jasper jaunty jelly jersey jewel jigsaw jockey jolly journal jubilee judge juggler
        juice jumbo jungle juniper jury kayak keeper kelp kennel kernel kettle keyboard kimono kindle king kiosk kitchen kite kitten knapsack knight
        koala label lace ladder ladle lady lagoon lake lamp lantern larch lark lasso lattice laurel lava lavender lawn layer leader leaf leather
        lecture legend lemon lens lentil leopard letter lettuce level lever library lichen lilac lily lime linden linen lion lizard llama lobster
        local locket locust lodge loft logic lotus lumber lunar lunch lute lynx lyric magenta magnet magpie mahogany mallet mango mansion maple
        marble march margin marina market maroon marsh mason master meadow medal melody melon member mentor merchant mercury merit mermaid metal
        meteor metro midnight mile mill mineral mint minute mirror mitten model modern molar moment monarch monkey month moon moose morning mosaic
        moss motel moth motor mountain mouse muffin mulberry mural museum mushroom music mustard mystery napkin narrow nation native nature navy
        nectar needle nephew nest nettle network nickel night noble noodle north notebook novel number nurse nutmeg oak oasis oboe ocean ochre
        october octopus office olive onion onyx opal opera orange orbit orchard orchid organ oriole osprey otter outpost oval oven oxygen oyster
        packet paddle page pagoda paint palace palm panda panel panther papaya paper parade parcel park parrot parsley parsnip party pasta pastel
        pasture patch path patrol pavilion peach peacock peanut pearl pebble pecan pelican pencil penguin pepper perch phoenix photo piano pickle
        picnic pigeon pilgrim pillow pilot pine pinnacle pioneer pistachio pixel pizza planet plank plaster plate platinum plaza plum pocket poem
        poet polar pollen pond pony poplar poppy porch portal postcard potato potter powder prairie prince printer prism profile prune public pudding
        pulley puma pumpkin puppet purple puzzle pyramid quail quarry quartz queen quest quiet quill quilt quince quiver rabbit raccoon radar radio
        radish raft railway rain raisin ranch ranger rapid raven razor record reef region relay resin ribbon rice riddle ridge ring ripple river road
        robin robot rocket rodeo roof rooster rope rosemary rover ruby rudder runner rustic saddle safari saffron sage salad salmon salt sample sand
        sapling sapphire satchel satin saturn sauce savanna scarf scarlet school science scooter scout screen scroll sculptor season seaweed sedan
        sequoia shadow shallow shamrock shark shelf shell shepherd sherbet shield ship shore shovel shrimp shuttle sierra signal silk silver singer
        siren sketch skillet sky slate sleeve sleigh slipper sloop snail snow soap soccer socket sofa solar soldier sonata song soup south sparrow
        spatula spear spice spider spinach spindle spiral spirit spring spruce square squid squirrel stable stadium stage stairs stamp star station
        statue steam stereo stone storm story stove straw stream street student studio sugar summer summit sunday sunrise surf swallow swan sweater
        swift symbol syrup table tablet tailor tango tapestry target tarragon teacher teapot temple tennis tent terrace theater thicket thimble
        thistle thunder thyme ticket tiger timber tinsel toast tomato topaz torch tortoise toucan tower town tractor trail train travel treasure tree
        trellis triangle tribune trio trolley trophy trout truck trumpet trunk tulip tuna tundra tunnel turkey turnip turquoise turtle tuxedo twig
        twilight twin ukulele umbrella uncle unicorn union urban valley vanilla vapor vase vault velvet vendor venture verse vessel village vine
        vinegar violet violin vision vista volcano voyage waffle wagon walnut walrus waltz wander warbler water wave weaver wheat wheel whisker
        whistle willow window winter wisdom wizard wolf wonder wood wool world writer yacht yellow yogurt zebra zenith zephyr zigzag zinc zodiac
        """.split(whereSeparator: \.isWhitespace)
}
