// Shows what the package gives in the page and in a worker, for the stream and config that the address has.
import { init, render } from "krmor";

const [stream, config] = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const show = (id, text) => (document.getElementById(id).textContent = text);
try {
  // A second call waits for the same module.
  await Promise.all([init(), init()]);
  show("page", JSON.stringify(render(stream, config)));
} catch (error) {
  show("page", String(error));
}
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.onmessage = ({ data }) => show("worker", data);
worker.onerror = ({ message }) => show("worker", message);
worker.postMessage([stream, config]);
