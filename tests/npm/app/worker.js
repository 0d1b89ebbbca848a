import { init, render } from "krmor";

onmessage = async ({ data: [stream, config] }) => {
  await init();
  postMessage(JSON.stringify(render(stream, config)));
};
