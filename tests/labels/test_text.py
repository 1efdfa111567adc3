from datacrafter_widget.labels.text import plain_line


def test_what_others_wrote_becomes_one_plain_line():
    assert plain_line(" a\n crane\u202e\x1b[31m \ud800 at\tdusk\u200b ") == "a crane[31m at dusk"
    assert plain_line("cafe\u0301") == "café"
    plain_line("".join(map(chr, range(0x11000)))).encode()


def test_long_text_is_cut_and_says_so():
    assert plain_line("a crane at dusk", 9) == "a crane…"
    assert plain_line("a crane", 7) == "a crane"
