"""What the map draws, with WebGL2 and without, and what it gives back."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from datacrafter_widget.session.points import encode_points

CLASS = {"word": "w", "originals": 1, "generated": 1, "hidden": 0}
NO_WEBGL = """() => {
    const real = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        return kind.startsWith('webgl') ? null : real.call(this, kind, ...more);
    };
}"""
KIND = """() => {
    const canvas = document.querySelector('.dc-map-points');
    return !canvas ? 'none' : canvas.getContext('2d') ? '2d' : 'webgl2';
}"""


def blob(count, classes=3, spread=1.0, start=1):
    rng = np.random.default_rng(count)
    index = np.arange(count) % classes
    zeros = np.zeros(count)
    return {
        "id": np.arange(start, start + count),
        "x": index * 4 + rng.normal(0, spread, count),
        "y": rng.normal(0, spread, count),
        "class_index": index,
        "origin": rng.random(count) > 0.5,
        "iteration": zeros,
        "hidden": zeros,
        "flagged": zeros,
    }


def shown(bare, points, *, classes=3, webgl=True, **traits):
    if not webgl:
        bare.page.evaluate(NO_WEBGL)
    rows = [{"id": i + 1, "name": f"c{i}", **CLASS} for i in range(classes)]
    bare.show("map", info={"classes": rows}, labels=[], **traits)
    replace(bare, points)
    bare.page.wait_for_function("document.querySelector('.datacrafter').dataset.ready === 'true'")


def replace(bare, points):
    bare._seq += 1
    bare.say(encode_points(points, bare._seq), type="replace", seq=bare._seq)


def append(bare, points):
    bare._seq += 1
    bare.say(encode_points(points, bare._seq), type="append", seq=bare._seq, start=0, count=len(points["id"]))


def colours(bare):
    """What the stage shows once the map rests, as (height, width, 3)."""
    bare.page.evaluate(
        "async () => { for (let i = 0; i < 40; i++) await new Promise(done => requestAnimationFrame(done)); }"
    )
    png = bare.page.locator(".dc-map-stage").screenshot()
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), float)


def ink(picture):
    return np.abs(picture - picture[2, 2]).max(axis=2) > 24


def wish(bare, density):
    while bare.button("density").inner_text().strip() != density:
        bare.button("density").click()


@pytest.mark.parametrize(("count", "density"), [(60, "auto"), (4000, "off"), (4000, "on")])
def test_the_map_looks_the_same_without_webgl(bare, chromium, count, density):
    pictures = []
    for webgl in (True, False):
        page = chromium.new_page(viewport={"width": 700, "height": 500})
        other = type(bare)(page)
        shown(other, blob(count), webgl=webgl)
        wish(other, density)
        other.select(*range(1, 12))
        assert other.page.evaluate(KIND) == ("webgl2" if webgl else "2d")
        pictures.append(colours(other))
        page.close()
    assert ink(pictures[0]).sum() > 1000
    assert (np.abs(pictures[0] - pictures[1]).max(axis=2) > 60).mean() < 0.01


def test_a_lost_context_is_replaced_at_once_and_taken_again(bare):
    shown(bare, blob(200))
    before = ink(colours(bare)).sum()
    bare.page.evaluate(
        """() => {
            const gl = document.querySelector('.dc-map-points').getContext('webgl2');
            window.lost = gl.getExtension('WEBGL_lose_context');
            lost.loseContext();
        }"""
    )
    bare.page.wait_for_function(f"({KIND})() === '2d'")
    assert ink(colours(bare)).sum() == pytest.approx(before, rel=0.1)
    append(bare, blob(50, start=1000) | {"y": np.full(50, 6.0)})
    bare.page.evaluate("lost.restoreContext()")
    bare.page.wait_for_function(f"({KIND})() === 'webgl2'")
    assert bare.page.locator(".datacrafter").get_attribute("data-points") == "250"
    assert ink(colours(bare)).sum() > before


def test_a_map_out_of_view_gives_its_context_back_and_takes_one_again(bare):
    shown(bare, blob(200))
    before = ink(colours(bare)).sum()
    bare.page.evaluate("document.body.style.paddingTop = '3000px'")
    bare.page.wait_for_function(f"({KIND})() === 'none'")
    bare.page.evaluate("document.body.style.paddingTop = ''")
    bare.page.wait_for_function(f"({KIND})() === 'webgl2'")
    assert ink(colours(bare)).sum() == pytest.approx(before, rel=0.05)


def test_many_points_are_a_density_and_points_again_where_few_are_in_view(bare):
    shown(bare, blob(40_000))
    root = bare.page.locator(".datacrafter")
    assert root.get_attribute("data-density") == "on"
    assert ink(colours(bare)).any()
    stage = bare.page.locator(".dc-map-stage")
    stage.focus()
    for _ in range(9):
        bare.page.keyboard.press("+")
    bare.page.wait_for_function("document.querySelector('.datacrafter').dataset.density === 'off'")
    assert ink(colours(bare)).any()


def test_selected_points_stay_visible_on_a_density(bare):
    shown(bare, blob(40_000))
    rest = colours(bare)
    append(bare, blob(1, start=90_000) | {"x": np.array([4.0]), "y": np.array([0.0])})
    bare.select(90_000)
    chosen = colours(bare)
    spot = bare.page.evaluate(
        """() => {
            const event = new CustomEvent('datacrafter-locate', {detail: {ids: [90000]}});
            document.querySelector('.datacrafter').dispatchEvent(event);
            const box = document.querySelector('.dc-map-stage').getBoundingClientRect();
            const {x, y} = event.detail.positions[90000];
            return [Math.round(x - box.left), Math.round(y - box.top)];
        }"""
    )
    dark = chosen[spot[1] - 4 : spot[1] + 5, spot[0] - 4 : spot[0] + 5].min()
    assert dark < rest[rest.shape[0] // 2].min() - 10


def test_appended_points_are_drawn_over_those_that_stay(bare):
    points = blob(9000)
    shown(bare, points)
    wish(bare, "off")
    before = ink(colours(bare))
    lower = points["y"].min() + 0.1
    append(bare, blob(64, start=20_000) | {"x": np.linspace(-2, 10, 64), "y": np.full(64, lower)})
    after = ink(colours(bare))
    assert after.sum() > before.sum() + 200
    assert (before & ~after).mean() < 0.002


def test_more_classes_than_a_byte_counts_keep_their_colours(bare):
    points = blob(600, classes=300)
    shown(bare, points | {"x": points["class_index"] * 1.0, "y": np.zeros(600)}, classes=300)
    first = colours(bare)
    # The classes 256 and up must not be drawn in the colours of the first ones.
    shifted = points | {"x": points["class_index"] * 1.0, "y": np.zeros(600)}
    replace(bare, shifted | {"class_index": points["class_index"] % 256})
    second = colours(bare)
    assert (np.abs(first - second).max(axis=2) > 24).sum() > 20


@pytest.mark.parametrize(("count", "steps"), [(60, 5), (1500, 11)])
def test_pictures_lie_at_their_points_where_the_map_is_near(bare, count, steps):
    shown(bare, blob(count))
    assert bare.page.locator(".dc-map-thumb").count() == 0
    bare.page.locator(".dc-map-stage").focus()
    for _ in range(steps):
        bare.page.keyboard.press("+")
    bare.page.locator(".dc-map-thumb").first.wait_for()
    boxes = bare.page.evaluate(
        "[...document.querySelectorAll('.dc-map-thumb')].map(each => each.getBoundingClientRect().toJSON())"
    )
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            apart = max(abs(one["left"] - other["left"]), abs(one["top"] - other["top"]))
            assert apart >= one["width"]
    assert len(bare.sent("thumbnails")) <= 2
    bare.page.keyboard.press("0")
    bare.page.locator(".dc-map-thumb").first.wait_for(state="detached")


MAPS = """async ([script, style, points]) => {
    document.head.append(Object.assign(document.createElement('style'), {textContent: style}));
    const contexts = [];
    const real = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        const context = real.call(this, kind, ...more);
        if (kind === 'webgl2' && context && !contexts.includes(context)) contexts.push(context);
        return context;
    };
    const module = await import(URL.createObjectURL(new Blob([script], {type: 'text/javascript'})));
    window.show = async () => {
        const bytes = Uint8Array.from(atob(points), c => c.charCodeAt());
        const traits = {panels: ['map'], height: 300, theme: 'light', points: new DataView(bytes.buffer)};
        const model = {get: key => traits[key], set() {}, save_changes() {}, send() {}, on() {}, off() {}};
        const el = document.createElement('div');
        el.className = 'cell';
        el.style.cssText = 'float: left; width: 500px';
        document.body.append(el);
        const widget = module.default();
        const end = widget.initialize({model});
        const dispose = await widget.render({model, el});
        const frame = () => new Promise(done => requestAnimationFrame(done));
        while (!el.querySelector('.dc-map-points')) await frame();
        await frame();
        return () => {
            dispose();
            end?.();
            el.remove();
        };
    };
    window.alive = () => contexts.filter(context => !context.isContextLost()).length;
    window.made = () => contexts.length;
}"""


def prepare_maps(bare):
    from datacrafter_widget.session.built import built

    points = base64.b64encode(encode_points(blob(500), 0)).decode()
    files = [built("widget.js"), built("widget.css")]
    bare.page.evaluate(MAPS, [*files, points])


def test_more_maps_than_a_page_has_contexts_all_show_their_points(bare):
    bare.page.set_viewport_size({"width": 2600, "height": 1500})
    prepare_maps(bare)
    bare.page.evaluate("async () => { for (let i = 0; i < 20; i++) await show(); }")
    kinds = "[...document.querySelectorAll('.dc-map-points')].map(each => each.getContext('2d') ? '2d' : 'webgl2')"
    bare.page.wait_for_function(f"{kinds}.filter(kind => kind === 'webgl2').length === alive()")
    assert 0 < bare.page.evaluate("alive()") < 20
    for stage in bare.page.locator(".dc-map-stage").all():
        picture = np.asarray(Image.open(io.BytesIO(stage.screenshot())).convert("RGB"), float)
        assert ink(picture).sum() > 500


def test_fifty_maps_leave_nothing_behind(bare):
    prepare_maps(bare)
    devtools = bare.page.context.new_cdp_session(bare.page)

    def counted():
        devtools.send("HeapProfiler.collectGarbage")
        return devtools.send("Memory.getDOMCounters")

    many = "async count => { for (let i = 0; i < count; i++) (await show())(); }"
    bare.page.evaluate(many, 5)
    before = counted()
    bare.page.evaluate(many, 45)
    after = counted()
    assert bare.page.evaluate("[made(), alive()]") == [50, 0]
    assert after["jsEventListeners"] <= before["jsEventListeners"] + 20
    assert after["nodes"] <= before["nodes"] + 200
