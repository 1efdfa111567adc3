import type { GalleryCard, GalleryEntry, GalleryStep, Requests } from "../protocol";
import type { Scope } from "../scope";
import { dialog } from "./dialog";
import { button, counted, h, lateImage } from "./kit";
import { latePictures } from "./latepictures";

const SIZE = 320;

/** The gallery of published edits: browse, search, filter; open one, like it, and do its steps on the selection. */
export async function gallery(scope: Scope): Promise<void> {
  const { connection, notices } = scope;
  const { ui, store } = connection;
  const opened = dialog(scope, "gallery", "Gallery");
  if (!opened) return;
  const { box, signal } = opened;
  const picture = latePictures(
    (keys: string[]) => connection.request("gallery_pictures", { keys, size: SIZE }, "studio"),
    signal,
  );
  const frozen = store.get("info").read_only;
  let page = 1;

  const act = async <N extends keyof Requests>(name: N, args: Requests[N]) => {
    notices.clear("studio");
    const reply = await connection.act(name, args, "studio");
    return signal.aborted ? null : reply;
  };

  // -- what is looked for ------------------------------------------------------------------------------

  const again = () => {
    page = 1;
    void browse();
  };
  const words = h("input.dc-input", {
    type: "search",
    label: "Words",
    placeholder: "Search by words …",
    on: { change: again },
  });
  const likes = h(
    "select.dc-select",
    { label: "Likes", on: { change: again } },
    ...[0, 1, 3, 10].map((least) =>
      h("option", { value: least }, least ? `${least} or more likes` : "any likes"),
    ),
  );
  const order = h(
    "select.dc-select",
    { label: "Order", on: { change: again } },
    ...["newest", "oldest", "liked"].map((each) => h("option", { value: each }, `${each} first`)),
  );
  const day = (name: string) => {
    const input = h("input.dc-input", { type: "date", label: name, on: { change: again } });
    return { input, element: h("label.dc-check", name, input) };
  };
  const [since, until] = [day("from"), day("to")];
  const search = h(
    "div.dc-gallery-search",
    { role: "search", label: "Gallery" },
    words,
    likes,
    since.element,
    until.element,
    order,
  );
  const body = h("div.dc-sheets");
  const foot = h("footer");
  box.append(search, notices.slot("studio"), body, foot);

  const browse = async () => {
    const reply = await act("gallery", {
      words: words.value,
      likes: Number(likes.value),
      since: since.input.value || null,
      until: until.input.value || null,
      order: order.value as Requests["gallery"]["order"],
      page,
    });
    if (!reply) return;
    const { entries, pages, total } = reply.result as {
      entries: GalleryCard[];
      pages: number;
      total: number;
    };
    search.hidden = false;
    body.replaceChildren(
      entries.length
        ? h("div.dc-entries", ...entries.map(card))
        : h("p.dc-empty", "Nothing here. Choose a candidate of an edit, then publish the edit."),
    );
    const step = (by: number, text: string, label: string) =>
      button({
        action: `gallery-${by}`,
        label,
        text,
        disabled: page + by < 1 || page + by > pages,
        click: () => {
          page += by;
          void browse();
        },
      });
    foot.replaceChildren(
      h("span.dc-note", { role: "status" }, `${total} published · page ${page} of ${pages}`),
      step(-1, "‹", "The page before"),
      step(1, "›", "The next page"),
    );
  };

  const image = (key: string, alt: string) => lateImage(picture(key), { alt, draggable: "false" });
  const about = ({ author, created, public: open }: GalleryCard) =>
    [author, created.slice(0, 10), !open && "private"].filter((word) => !!word).join(" · ");

  const card = (entry: GalleryCard) =>
    h(
      "button.dc-entry",
      { "data-entry": entry.id, title: entry.title, on: { click: () => void show(entry.id) } },
      h("span.dc-pair", image(entry.picture, "before"), image(entry.result, "after")),
      h("b", { dir: "auto" }, entry.title),
      h("span.dc-note", { dir: "auto" }, about(entry)),
      h("span.dc-note", `${counted(entry.count, "step")} · ${counted(entry.likes, "like")}`),
    );

  // -- one of them -------------------------------------------------------------------------------------

  const show = async (id: string) => {
    const reply = await act("gallery_entry", { entry: id });
    if (!reply) return;
    const entry = reply.result as GalleryEntry;
    search.hidden = true;
    const back = button({
      action: "gallery-back",
      label: "Back to all",
      text: "‹ All",
      click: () => void browse(),
    });
    body.replaceChildren(
      h("h3", { dir: "auto" }, entry.title),
      h("p.dc-note", { dir: "auto" }, about(entry)),
      h("p", { dir: "auto" }, entry.description),
      h(
        "ol.dc-entry-steps",
        h(
          "li",
          image(entry.picture, "The picture as it was"),
          h("div", { dir: "auto" }, entry.subject ? `${entry.subject}, as it was` : "The picture as it was"),
        ),
        ...entry.steps.map(step),
      ),
    );
    const like = button({
      action: "like",
      label: entry.liked ? "Take your like back" : "Like it",
      text: counted(entry.likes, "like"),
      icon: entry.liked ? "check" : "plus",
      disabled: frozen,
      click: async () => (await act("like_entry", { entry: id, liked: !entry.liked })) && show(id),
    });
    like.ariaPressed = String(entry.liked);
    const drop = button({
      action: "delete-entry",
      label: "Take it out of the gallery, for good",
      text: "Delete …",
      kind: "danger",
      disabled: frozen,
      click: () => {
        const really = button({
          action: "delete-really",
          label: "Delete it, for good",
          text: "Delete it, for good",
          kind: "danger",
          click: async () => (await act("delete_entry", { entry: id })) && browse(),
        });
        drop.replaceWith(really);
        really.focus();
      },
    });
    const chosen = ui.selection.length;
    const fork = button({
      action: "fork",
      label: chosen
        ? "Do these steps on the selected pictures, with the same editors and settings"
        : "Select pictures first: the steps are done on them",
      text: chosen ? `Do it on ${counted(chosen, "selected picture")}` : "Do it on selected pictures",
      kind: "primary",
      disabled: frozen || !chosen,
      click: async () => {
        if (!(await act("fork_entry", { entry: id, ids: [...ui.selection] }))) return;
        const message = "The steps are being done. They will stand under Edit.";
        ui.emit("notice", { where: "studio", kind: "done", message });
      },
    });
    foot.replaceChildren(back, h("span.dc-spring"), drop, like, fork);
    back.focus();
  };

  const step = (each: GalleryStep) => {
    const sliders = Object.entries(each.sliders).map(
      ([name, value]) => `${name.replaceAll("_", " ")} ${value}`,
    );
    const all: [string, unknown][] = [
      ["Editor", each.editor],
      ["Revision", each.revision],
      ["Told", each.prompt],
      ["Not", each.negative],
      ["Before", each.source],
      ["After", each.target],
      ["Sliders", sliders.join(", ")],
      ["Seed", each.seed],
      ...Object.entries(each.parameters),
    ];
    const known = all.filter(([, value]) => value !== null && value !== "");
    return h(
      "li",
      image(each.picture, `After “${each.instruction}”`),
      h(
        "div",
        h("b", { dir: "auto" }, each.instruction),
        h("span.dc-note", [each.action, each.editor].filter(Boolean).join(" · ")),
        (each.mask || each.reference) &&
          h(
            "span.dc-given",
            each.mask && image(each.mask, "The mask: white may change"),
            each.reference && image(each.reference, "The reference picture"),
          ),
        h(
          "details",
          h("summary.dc-note", "Exactly"),
          h(
            "dl.dc-facts",
            ...known.flatMap(([name, value]) => [
              h("dt", name),
              h("dd", { dir: "auto" }, typeof value === "string" ? value : JSON.stringify(value)),
            ]),
          ),
        ),
      ),
    );
  };

  await browse();
  words.focus();
  const follow = async () => {
    if (search.hidden) return; // one entry is read
    const held = body.querySelector<HTMLElement>(":focus")?.dataset.entry;
    await browse();
    if (held) body.querySelector<HTMLElement>(`[data-entry="${held}"]`)?.focus();
  };
  ui.on("gallery", () => void follow(), signal);
}
