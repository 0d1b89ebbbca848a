"use client";

import { type FormEvent, useEffect, useRef, useState } from "react";
import { AWAY, call, LONGEST_TITLE, type Page, Problem, summary, type Task } from "../lib/tasks";

export function List({ first }: { first: Page | null }) {
  const [tasks, setTasks] = useState<Task[]>(first?.tasks ?? []);
  const [more, setMore] = useState(first?.more ?? false);
  // Without a list there is nothing to count, and nothing to call empty.
  const [loaded, setLoaded] = useState(first !== null);
  const [problem, setProblem] = useState(first ? "" : AWAY);
  const [said, setSaid] = useState("");
  const [title, setTitle] = useState("");
  const [busy, setBusy] = useState(false);
  // A list that is not yet alive would lose what a person does to it.
  const [alive, setAlive] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const items = useRef<HTMLUListElement>(null);
  const deleted = useRef(-1);

  useEffect(() => setAlive(true), []);
  useEffect(() => {
    if (deleted.current < 0) return;
    // The button that had the focus is gone: on to the next task, so that a keyboard keeps its place.
    const left = items.current?.querySelectorAll<HTMLButtonElement>("button.delete");
    (left?.[Math.min(deleted.current, left.length - 1)] ?? field.current)?.focus();
    deleted.current = -1;
  }, [tasks]);

  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      setProblem("");
    } catch (error) {
      setSaid("");
      setProblem(error instanceof Problem ? error.message : AWAY);
    }
  }

  const put = (task: Task) => setTasks((all) => all.map((one) => (one.id === task.id ? task : one)));

  async function add(event: FormEvent) {
    event.preventDefault();
    const wanted = title.trim();
    if (!wanted || busy) return;
    setBusy(true);
    await attempt(async () => {
      const task = await call<Task>("POST", "", { title: wanted });
      setTasks((all) => [task, ...all]);
      setTitle("");
      setSaid(`Added “${task.title}”`);
    });
    setBusy(false);
    field.current?.focus();
  }

  async function tick(task: Task) {
    const done = !task.done;
    // At once, and back again if it did not work.
    put({ ...task, done });
    await attempt(async () => {
      try {
        put(await call<Task>("PATCH", `/${task.id}`, { done }));
      } catch (error) {
        put(task);
        throw error;
      }
      setSaid(`“${task.title}” is ${done ? "done" : "open again"}`);
    });
  }

  async function remove(task: Task, place: number) {
    await attempt(async () => {
      await call("DELETE", `/${task.id}`);
      deleted.current = place;
      setTasks((all) => all.filter((one) => one.id !== task.id));
      setSaid(`Deleted “${task.title}”`);
    });
  }

  async function reload() {
    setBusy(true);
    await attempt(async () => {
      const page = await call<Page>("GET");
      setTasks(page.tasks);
      setMore(page.more);
      setLoaded(true);
    });
    setBusy(false);
  }

  async function older() {
    await attempt(async () => {
      const page = await call<Page>("GET", `?before=${tasks[tasks.length - 1]?.id ?? 1}`);
      setTasks((all) => [...all, ...page.tasks]);
      setMore(page.more);
    });
  }

  return (
    <main>
      <header>
        <h1>Todo</h1>
        {loaded && <p className="summary">{summary(tasks, more)}</p>}
      </header>

      <form onSubmit={add}>
        <label htmlFor="title">New task</label>
        <div className="row">
          <input
            id="title"
            ref={field}
            value={title}
            onChange={(event) => setTitle(event.target.value)}
            maxLength={LONGEST_TITLE}
            placeholder="What is to be done?"
            autoComplete="off"
            enterKeyHint="done"
            required
            disabled={!alive}
          />
          <button type="submit" className="add" disabled={!alive || busy}>
            Add
          </button>
        </div>
      </form>

      {problem && (
        <div className="problem" role="alert">
          <p>{problem}</p>
          <button type="button" onClick={reload} disabled={!alive || busy}>
            Try again
          </button>
        </div>
      )}
      <p className="unseen" role="status">
        {said}
      </p>

      {tasks.length > 0 && (
        <ul ref={items} aria-label="Tasks">
          {tasks.map((task, place) => (
            <li key={task.id} className={task.done ? "done" : undefined}>
              <label>
                <input type="checkbox" checked={task.done} onChange={() => tick(task)} disabled={!alive} />
                <span>{task.title}</span>
              </label>
              <button
                type="button"
                className="delete"
                aria-label={`Delete “${task.title}”`}
                title="Delete"
                onClick={() => remove(task, place)}
                disabled={!alive}
              >
                <svg viewBox="0 0 24 24" aria-hidden="true">
                  <path d="M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5" />
                </svg>
              </button>
            </li>
          ))}
        </ul>
      )}
      {loaded && tasks.length === 0 && <p className="empty">The list is empty. Add a task above.</p>}
      {more && (
        <button type="button" className="older" onClick={older}>
          Show older tasks
        </button>
      )}
    </main>
  );
}
