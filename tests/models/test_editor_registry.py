"""Editors by name, and one's own."""

import subprocess
import sys

import pytest
from PIL import Image, ImageOps

from datacrafter_widget.errors import InputError
from datacrafter_widget.models.editors import registry
from datacrafter_widget.models.editors.editor import Abilities, EditRequest

ABILITIES = Abilities(reads="instruction", actions=("recolour",))


class Inverting:
    """An editor of one's own: no base class needed."""

    name = "inverting"
    revision = "1"
    device = "cpu"
    abilities = ABILITIES

    def parameters(self, request):
        return {"steps": request.steps}

    def edit(self, requests, *, on_step=None):
        if on_step is not None:
            on_step(1, 1)
        return [ImageOps.invert(request.picture) for request in requests]

    def release(self):
        pass


@pytest.fixture
def inverting():
    made = []

    def factory(*, generator=None, device="auto", dtype="auto", loud=False):
        made.append((generator, device, dtype, loud))
        return Inverting()

    registry.register("inverting", factory, ABILITIES, title="Inverts all colours")
    yield made
    registry.forget("inverting")


def test_one_s_own_editor_by_name(inverting, toybox):
    assert registry.known()["inverting"].title == "Inverts all colours"
    editor = registry.open_editor("inverting", generator=toybox, device="cpu", loud=True)
    assert inverting == [(toybox, "cpu", "auto", True)]
    picture = Image.new("RGB", (4, 4), (10, 20, 30))
    edited = editor.edit([EditRequest(picture=picture, instruction="invert", source="", target="", seed=0)])
    assert edited[0].getpixel((0, 0)) == (245, 235, 225)


def test_one_s_own_editor_as_it_is():
    editor = Inverting()
    assert registry.open_editor(editor) is editor


def test_what_is_no_editor():
    with pytest.raises(InputError, match="expected a name or an Editor, found int"):
        registry.open_editor(3)


@pytest.mark.usefixtures("inverting")
def test_names_are_taken_once():
    with pytest.raises(InputError, match="there already"):
        registry.register("inverting", Inverting, ABILITIES, title="Again")
    with pytest.raises(InputError, match="expected some text"):
        registry.register(" ", Inverting, ABILITIES, title="Nameless")


def test_a_name_that_is_not_known():
    with pytest.raises(InputError, match=r"did you mean 'inpainting'\?"):
        registry.open_editor("inpaint")
    with pytest.raises(InputError, match="expected one of image-to-image"):
        registry.open_editor("photoshop")


def test_an_option_that_an_editor_does_not_take(toybox):
    with pytest.raises(InputError, match=r"does not take these options.*strength"):
        registry.open_editor("image-to-image", generator=toybox, strength=0.5)


@pytest.mark.parametrize("name", [entry.name for entry in registry.known().values() if not entry.downloads])
def test_editors_without_weights_of_their_own_need_a_generator(name, toybox):
    with pytest.raises(InputError, match="expected generator="):
        registry.open_editor(name)
    editor = registry.open_editor(name, generator=toybox)
    assert editor.name == name
    assert editor.abilities == registry.known()[name].abilities


def test_knowing_editors_does_not_touch_torch():
    code = (
        "import sys\n"
        "from datacrafter_widget.models.editors import registry\n"
        "registry.known()\n"
        "print('torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
