/**
 * What Python and the page say to each other. The same names are in `datacrafter_widget/widget/protocol.py`.
 *
 * Traits (Python → page, and the state a saved notebook holds): `Tables` below, `points` (one point block),
 * `panels`, `height`, `theme`, `saved` (what `offline.ts` answers from). Both ways go `selection` (picture ids),
 * `classes` (ids that the dashboard is narrowed to), `focus` (ids of the labels that are highlighted), all three as
 * int32 in bytes, `view` and `arrangement` (what is open, and how wide).
 *
 * Custom messages, Python → page, each at most ten times a second:
 *   {type: "state",  seq, tables: Partial<Tables>}
 *   {type: "append", seq, start, count} + [point block]   rows after the first `start` ones
 *   {type: "update", seq, count}        + [point block]   rows that the page has already, by id
 *   {type: "replace", seq}              + [point block]   all rows (positions changed)
 *   {type: "reply",  id, result}        + buffers         the answer to the request with this id
 *   {type: "error",  id, where, message}                  the request failed; `where` is the place to show it
 *   {type: "warning", where, message}                     something went less well; all went on
 *   {type: "preview", job, class_ids, count} + one WebP a picture   what a job is at; not part of the session
 *   {type: "gallery"}                                     something in the gallery is new or gone
 * `seq` counts up by one; a page that misses one asks for everything with `hello`.
 *
 * Custom messages, page → Python: {type, id, where, …} with the arguments named in `Requests`.
 *
 * For automation the root element answers a `datacrafter-locate` event: its `detail.ids` (all drawn pictures
 * when absent) is answered in `detail.positions`, pixel positions in the window by picture id, and in
 * `detail.labels`, the content labels that are shown, with the boxes of their pies and texts there.
 */

import type { SavedView } from "./offline";

export type PanelName = "info" | "metrics" | "evaluation" | "map" | "prompts" | "suggestions" | "detail";

export interface ClassRow {
  id: number;
  name: string;
  word: string;
  originals: number;
  generated: number;
  hidden: number;
}

export interface GeneratorDefaults {
  num_inference_steps: number;
  guidance_scale: number;
  strength: number;
  width: number;
  height: number;
  batch_size: number;
}

/** What feedback on pictures asks for. */
export type FeedbackKind = "remove" | "more_like" | "transform" | "combine" | "without";

/** How much each term of an objective counts. */
export type TermWeights = Record<string, number>;

export interface LanguageInfo {
  name: string;
  /** Null, as are the next three, where the model does not count. */
  calls: number | null;
  /** Answers that were known already, and cost nothing. */
  cached: number | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  /** US dollars; null where the price is not known. */
  cost: number | null;
  /** Why all goes on without it; null while it answers. */
  problem: string | null;
}

export type LabelSource = "clip" | "language";

/** What pictures took; null where it is not known, and money where no price was set. */
export interface Cost {
  pictures: number;
  seconds: number;
  energy_wh: number | null;
  money: number | null;
}

export interface CostInfo {
  total: Cost;
  per_picture: Omit<Cost, "pictures">;
  iterations: (Cost & { iteration: number })[];
  currency: string;
  /** Whether the energy is an estimate, at least in part. */
  estimated: boolean;
}

/** A way of doing something among several, with a sentence on what it does. */
export interface Choice {
  name: string;
  title: string;
  text: string;
}

export interface PerturbationInfo extends Choice {
  needs_originals: boolean;
}

export type TuningMethod = "textual_inversion" | "lora";

/** A word that the generator was taught. */
export interface ConceptInfo {
  token: string;
  kind: TuningMethod;
  class_id: number | null;
  state: "training" | "ready" | "cancelled";
}

export interface Info {
  name: string;
  folder: string;
  generator: {
    name: string;
    revision?: string | null;
    /** Null, as are the next two, until the model is loaded. */
    device: string | null;
    dtype: string | null;
    defaults: GeneratorDefaults | null;
  } | null;
  encoder: { name: string; dim: number | null } | null;
  language: LanguageInfo | null;
  /** Where the content labels come from. */
  labels_from: LabelSource;
  /** What the terms of each objective count, unless the person says otherwise. */
  weights: Partial<Record<FeedbackKind, TermWeights>>;
  memory: Record<string, number | string | null> | null;
  classes: ClassRow[];
  iteration: number;
  read_only: boolean;
  /** Generations, searches, trainings, suggestions and edits that a crash or a restart cut off. */
  resumable: number;
  cost: CostInfo;
  /** How many pictures are flagged, by what is wrong with them. */
  flagged: Record<string, number>;
  strategies: Choice[];
  concepts: ConceptInfo[];
  export_formats: string[];
  perturbations: PerturbationInfo[];
}

export interface LabelRow {
  id: number;
  text: string;
  x: number;
  y: number;
  originals: number;
  generated: number;
  ratio: number;
}

/**
 * The hierarchy of the labels, as columns: ids of its leaves; of its inner nodes (numbered after the leaves) the two
 * children, the leaf where it stands, its name (null: that leaf's) and counts; the importance of every node.
 */
export interface LabelTable {
  labels: number[];
  children: [number, number][];
  place: number[];
  text: (string | null)[];
  originals: number[];
  generated: number[];
  importance: number[];
}

/** A node of the label hierarchy as the map shows it. */
export interface LabelNode {
  node: number;
  /** The label at whose place it stands. */
  place: number;
  text: string;
  x: number;
  y: number;
  originals: number;
  generated: number;
  members: number[];
}

export interface MetricRow {
  iteration: number;
  class_id: number | null;
  name: string;
  value: number;
  /** Of a round that is being made: of its pictures so far. */
  provisional?: boolean;
  /** Its 95 % interval, where there is one. */
  low?: number;
  high?: number;
}

/** What each round was worth to a classifier; see `session/evaluating.py`. */
export interface EvaluationTable {
  verdict: { text: string; effect: "raised" | "none" | "lowered" | "unknown" } | null;
  measured_on: string;
  note: string;
  /** Named "probe" or "cler"; of round 0 those of the originals alone. */
  rows: MetricRow[];
}

export interface TemplateRow {
  id: number;
  class_id: number;
  text: string;
  negative: string;
  origin: string;
}

/** What one edit of the prompt brought, found by leaving it out; null when that was not measured. */
export interface EditRow {
  text: string;
  gain: number | null;
  standard_error: number | null;
}

/** The best prompt that the search knew after a generation. */
export interface GenerationRow {
  number: number;
  score: number | null;
  gain: number | null;
  /** Proxy pictures made so far. */
  proxies: number;
  template: string;
  negative: string;
  terms: TermWeights;
}

export interface ProposalRow {
  id: number;
  class_id: number;
  template_id: number;
  kind: FeedbackKind;
  /** What is wished for, in words: of "transform". */
  wish: string;
  /** How many pictures the feedback was about, of all classes. */
  pictures: number;
  before: string;
  /** The best prompt that was tried; `before` while the search runs. */
  after: string;
  negative_before: string;
  negative_after: string;
  score_before: number | null;
  score_after: number | null;
  /** False: no better prompt was found. */
  improved: boolean;
  /** False: the search was stopped before the last comparison. */
  confirmed: boolean;
  gain: number | null;
  standard_error: number | null;
  /** Proxy pictures that the search made. */
  proxies: number;
  reasons: string[];
  edits: EditRow[];
  terms: { before: TermWeights; after: TermWeights };
  weights: TermWeights;
  generations: GenerationRow[];
  /** Proxy pictures, paired by seed with those of `after_refs`. */
  before_refs: number[];
  after_refs: number[];
  state: "running" | "open";
}

/** A personalisation that waits for the person's choice of what to learn from next. */
export interface TurnRow {
  token: string;
  class_id: number;
  kind: "object" | "style";
  /** How many rounds are over, of at most `rounds`. */
  round: number;
  rounds: number;
}

/** A picture that a personalised generator drew of an anchor; see `session/personalizing.py`. */
export interface CandidateRow {
  id: number;
  /** What it was asked to show, in words. */
  anchor: string;
  /** It shows what was beside the subject, not the anchor. */
  overfitted: boolean;
  /** Its similarity to the anchor. */
  faithful: number;
  /** Whether the rule would learn from it. */
  proposed: boolean;
}

/** How far an edit of a picture is; its `PictureEdit` has the rest. */
export interface EditNews {
  id: number;
  /** What its trail begins with. */
  picture_id: number;
  state: "running" | "open" | "chosen" | "declined" | "withdrawn";
  /** Candidates that are there. */
  ready: number;
  chosen: number | null;
  accepted: number | null;
  /** The person went back to before it. */
  aside: boolean;
}

/** What one editor made of an edit. Who it was is told with the choice: the last three are null before. */
export interface EditCandidate {
  id: number;
  letter: string;
  ready: boolean;
  problem: string | null;
  editor: string | null;
  text: string | null;
  parameters: Record<string, unknown> | null;
}

/** A wish on a picture, or on what was chosen of the step before; see `Session.edit_table`. */
export interface PictureEdit {
  id: number;
  picture_id: number;
  class_id: number;
  before: number | null;
  from: number | null;
  instruction: string;
  state: EditNews["state"];
  action: string | null;
  confidence: number | null;
  reason: string;
  /** Why it may change little, or "". */
  hint: string;
  source: string;
  target: string;
  steps: number;
  text_influence: number;
  picture_influence: number;
  masked: boolean;
  referenced: boolean;
  candidates: EditCandidate[];
  chosen: number | null;
  feedback: { matches?: number | null; keeps?: number | null; unusable?: number[]; words?: string };
  accepted: number | null;
  aside: boolean;
}

/** What a wish was understood as. */
export type Understood = Pick<PictureEdit, "action" | "confidence" | "source" | "target" | "reason" | "hint">;

/** A published trail of edits, as a card has it; pictures are named by keys. */
export interface GalleryCard {
  id: string;
  title: string;
  description: string;
  author: string;
  public: boolean;
  created: string;
  picture: string;
  /** The last step's picture. */
  result: string;
  subject: string;
  likes: number;
  liked: boolean;
  /** How many steps there are. */
  count: number;
}

export interface GalleryStep {
  instruction: string;
  picture: string;
  action: string;
  editor: string;
  revision: string;
  prompt: string;
  negative: string;
  source: string;
  target: string;
  seed: number | null;
  sliders: Record<string, number>;
  parameters: Record<string, unknown>;
  mask: string | null;
  reference: string | null;
}

export type GalleryEntry = GalleryCard & { steps: GalleryStep[] };

/** A wish as it is sent: mask and reference are files in base64, or the reference a picture's id. */
export interface Wish {
  instruction: string;
  mask: string | null;
  reference: number | string | null;
  steps: number;
  text_influence: number;
  picture_influence: number;
}

/** What should come next for a class, in words. */
export interface SuggestionRow {
  id: number;
  class_id: number;
  text: string;
  /** The class's pictures that come nearest to it, the nearest first. */
  nearest: number[];
  gain_words: string;
  /** What it was measured on. */
  note: string;
  /** Where pictures of it are collected, below the session's folder; null before that is wanted. */
  folder: string | null;
}

export interface JobRow {
  id: number;
  name: string;
  /** What sort of work: "generate", "search", "tune", "suggest", "edit", "evaluate", "observe", "label" and others. */
  kind: string;
  state: "queued" | "running" | "done" | "cancelled" | "failed";
  done: number;
  total: number | null;
  message: string;
  error: string | null;
  /** Steps a second of what it is doing now; null while that is not known. */
  rate?: number | null;
  /** How many pictures a round made; null until it is over. */
  made?: number | null;
}

export interface History {
  undo: string | null;
  redo: string | null;
}

/** The small tables that Python keeps in step with the page. */
export interface Tables {
  info: Info;
  labels: LabelRow[];
  label_tree: LabelTable;
  metrics: MetricRow[];
  evaluation: EvaluationTable;
  templates: TemplateRow[];
  proposals: ProposalRow[];
  suggestions: SuggestionRow[];
  turns: TurnRow[];
  edits: EditNews[];
  jobs: JobRow[];
  history: History;
}

/** Where the map is: its centre in the map's coordinates; at zoom 1 everything fits. */
export interface MapPlace {
  x: number;
  y: number;
  zoom: number;
}

/** Ids as little-endian int32; a list where a test or another widget set one. */
export type WireIds = DataView | number[];

export interface Traits extends Tables {
  points: DataView | null;
  panels: PanelName[];
  height: number;
  theme: "auto" | "light" | "dark";
  selection: WireIds;
  classes: WireIds;
  focus: WireIds;
  /** What answers where there is no kernel. */
  saved: SavedView | null;
  /** Null: everything fits. */
  view: MapPlace | null;
  /** How the person arranged the panels: layout's own. */
  arrangement: Record<string, unknown>;
  /** Kept by ipywidgets: Python closes a widget whose cell ran again once nobody sees it. */
  _view_count: number | null;
}

/** The traits that the page changes too. */
export type SharedTrait = "selection" | "classes" | "focus" | "view" | "arrangement";

export interface PictureRow {
  id: number;
  class_id: number;
  origin: "original" | "generated";
  iteration?: number;
  hidden?: boolean;
  flagged?: boolean;
  [key: string]: unknown;
}

/** Why a picture is flagged; `of` is the picture that it is a copy of. */
export interface FlagRow {
  kind: string;
  of: number | null;
  words: string;
}

/** Arguments of each request. */
export interface Requests {
  hello: { seq: number };
  thumbnails: { ids: number[]; size: number };
  proxies: { refs: number[] };
  /** Answered by three buffers, see `panels/detail/families.ts`. */
  families: { ids: number[] | null; classes: number[] | null };
  label_pictures: { labels: number[] };
  /** Answered by label ids, by picture id. */
  picture_labels: { ids: number[] };
  picture: { picture: number };
  generate: {
    per_class: number;
    classes: number[] | null;
    seed: number | null;
    perturbation: string;
    strength: number | null;
    guidance_scale: number | null;
    num_inference_steps: number | null;
  };
  vary: { picture: number; count: number; strength: number | null };
  resume: Record<string, never>;
  cancel: { job: number };
  remove: { ids: number[]; weights: TermWeights | null };
  more_like: { ids: number[]; weights: TermWeights | null };
  transform: { ids: number[]; text: string; weights: TermWeights | null };
  combine: { first: number[]; second: number[]; weights: TermWeights | null };
  without: { first: number[]; second: number[]; weights: TermWeights | null };
  restore: { ids: number[] };
  undo: Record<string, never>;
  redo: Record<string, never>;
  accept: {
    proposal: number;
    text: string | null;
    negative: string | null;
    regenerate: "no" | "replace" | "add";
  };
  reject: { proposal: number; reason: string };
  suggest: { classes: number[] | null };
  generate_suggestion: { suggestion: number };
  collect_suggestion: { suggestion: number };
  reject_suggestion: { suggestion: number; reason: string };
  take_collected: Record<string, never>;
  label: { with: LabelSource };
  edit_template: { template: number; text: string; negative: string };
  add_template: { class_id: number; text: string };
  delete_template: { template: number };
  use_strategy: { strategy: string; classes: number[] | null; replace: boolean };
  tune: { class_id: number; method: TuningMethod; steps: number | null };
  /** Answered by the module `studio.ts`, as text. */
  studio: Record<string, never>;
  personalize: {
    class_id: number;
    ids: number[];
    kind: TurnRow["kind"];
    human: boolean;
    rounds: number | null;
    steps: number | null;
  };
  /** Answered by `CandidateRow`s; `turn` is the round that is over. */
  candidates: { token: string; turn: number };
  /** Answered by a WebP each. */
  candidate_pictures: { token: string; turn: number; candidates: number[] };
  choose_candidates: { token: string; turn: number; candidates: number[]; instead: boolean };
  edit: Wish & { ids: number[] };
  edit_further: Wish & { edit: number };
  /** Answered by `Understood`. */
  understand: { picture: number; instruction: string };
  /** Answered by the `PictureEdit`s of these pictures. */
  edit_rows: { ids: number[] };
  /** Answered by a WebP each. */
  edit_pictures: { candidates: number[]; size: number };
  choose_edit: {
    edit: number;
    candidate: number | null;
    matches: number | null;
    keeps: number | null;
    unusable: number[];
    words: string;
  };
  /** Answered by the id of the new picture. */
  accept_edit: { edit: number };
  stop_edit: { edit: number };
  revert_edit: { edit: number; step: number | null };
  replay_edit: { edit: number; ids: number[] };
  teach_prompt: { edits: number[] };
  /** Answered by the id of the gallery's new entry. */
  publish_edit: { edit: number; title: string; description: string; public: boolean };
  /** Answered by `entries` (`GalleryCard`s), `pages`, `total`. */
  gallery: {
    words: string;
    likes: number;
    since: string | null;
    until: string | null;
    order: "newest" | "oldest" | "liked";
    page: number;
  };
  /** Answered by a `GalleryEntry`. */
  gallery_entry: { entry: string };
  /** Answered by a WebP each. */
  gallery_pictures: { keys: string[]; size: number };
  /** Answered by the `GalleryCard`. */
  like_entry: { entry: string; liked: boolean };
  delete_entry: { entry: string };
  fork_entry: { entry: string; ids: number[] };
  keep: { ids: number[] };
  export: { path: string; format: string; overwrite: boolean };
}

export type RequestName = keyof Requests;

export type Message =
  | { type: "state"; seq: number; tables: Partial<Tables> }
  | { type: "append"; seq: number; start: number; count: number }
  | { type: "update"; seq: number; count: number }
  | { type: "replace"; seq: number }
  | { type: "reply"; id: string; result: unknown }
  | { type: "error"; id: string | null; where: string; message: string }
  | { type: "warning"; where: string; message: string }
  | { type: "preview"; job: number; class_ids: number[]; count: number }
  | { type: "gallery" };

/** The part of an anywidget model that we use. */
export interface WidgetModel {
  get<K extends keyof Traits>(key: K): Traits[K];
  set<K extends keyof Traits>(key: K, value: Traits[K]): void;
  save_changes(): void;
  send(content: unknown): void;
  on(event: "msg:custom", callback: (message: Message, buffers: DataView[]) => void): void;
  on(event: `change:${keyof Traits}`, callback: () => void): void;
  off(event: string, callback?: (...args: never[]) => void): void;
}
