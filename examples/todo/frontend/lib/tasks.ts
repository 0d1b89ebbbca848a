// What a page does with tasks: the calls it makes, and the words it has for what went wrong.

export type Task = { id: number; title: string; done: boolean; created: string };
export type Page = { tasks: Task[]; more: boolean };

export const LONGEST_TITLE = 200;
export const AWAY = "The tasks cannot be reached right now. Try again in a moment.";

export class Problem extends Error {}

/** What a person is told of an answer that is none of the expected ones. */
export function words(status: number): string {
  if (status === 404) return "That task is gone; someone else may have deleted it.";
  if (status === 413 || status === 422) return `A task needs a title of 1 to ${LONGEST_TITLE} characters in one line.`;
  return AWAY;
}

export async function call<T>(method: string, path = "", body?: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`/api/tasks${path}`, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
    });
  } catch {
    throw new Problem(AWAY);
  }
  if (!answer.ok) throw new Problem(words(answer.status));
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

/** "2 open, 1 done" */
export function summary(tasks: Task[], more = false): string {
  if (tasks.length === 0) return "Nothing to do";
  const done = tasks.filter((task) => task.done).length;
  const open = tasks.length - done;
  return `${open} open, ${done} done${more ? ", and older ones" : ""}`;
}
