import type { FeedbackKind, Requests } from "./protocol";
import type { Scope } from "./scope";

/** Sends feedback on pictures, with the weights that were set for its kind; whether it was taken. */
export async function giveFeedback<K extends FeedbackKind>(
  { connection, notices }: Scope,
  kind: K,
  args: Omit<Requests[K], "weights">,
): Promise<boolean> {
  notices.clear("map");
  const weights = connection.ui.changedWeights(kind);
  return (await connection.act(kind, { ...args, weights } as Requests[K], "map")) !== null;
}
