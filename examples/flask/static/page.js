// The page of a signed-in user. The session cookie goes along by itself.
import { PAUSE, uploadFile } from "casier/uploads";

const files = document.querySelector("#files");
const message = document.querySelector("#message");
const form = document.querySelector("#upload");
const sending = document.querySelector("#sending");
const bar = document.querySelector("#bar");
const pause = document.querySelector("#pause");

// Sends a request; an error's code and message become the exception's.
async function ask(method, path) {
  const answer = await fetch(path, { method });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.error.message), { code: told.error.code });
  return told;
}

// A key in a path: its slashes stay, everything else is encoded.
const inPath = (key) => key.split("/").map(encodeURIComponent).join("/");

function size(bytes) {
  const step = [1024, 1024 ** 2, 1024 ** 3].filter((limit) => bytes >= limit).length;
  return `${(bytes / 1024 ** step).toFixed(step ? 1 : 0)} ${["B", "KiB", "MiB", "GiB"][step]}`;
}

// Does something and says what came of it.
async function tell(work) {
  message.className = message.textContent = "";
  try {
    message.textContent = (await work()) ?? "";
  } catch (error) {
    message.className = "error";
    message.textContent = error.code ? `${error.code}: ${error.message}` : error.message;
  }
}

async function list() {
  const rows = [];
  let cursor = "";
  do {
    const page = await ask("GET", `/api/secure/files/list?cursor=${encodeURIComponent(cursor)}`);
    rows.push(...page.data.map(row));
    cursor = page.metadata?.next_cursor ?? "";
  } while (cursor);
  files.replaceChildren(...rows);
  document.querySelector("#empty").hidden = rows.length > 0;
}

function row(file) {
  const item = document.querySelector("#file").content.cloneNode(true).firstElementChild;
  item.dataset.key = file.s3_key;
  item.querySelector(".name").textContent = file.filename;
  item.querySelector(".size").textContent = size(file.size);
  const download = item.querySelector(".download");
  download.setAttribute("aria-label", `Download ${file.filename}`);
  download.addEventListener("click", () => tell(async () => {
    const link = await ask("GET", `/api/secure/files/download/${inPath(file.s3_key)}`);
    location.assign(link.data.download_url);
    return `Downloading ${file.filename}`;
  }));
  const remove = item.querySelector(".delete");
  remove.setAttribute("aria-label", `Delete ${file.filename}`);
  remove.addEventListener("click", () => tell(async () => {
    await ask("DELETE", `/api/secure/files/delete/${inPath(file.s3_key)}`);
    await list();
    return `Deleted ${file.filename}`;
  }));
  return item;
}

const PHASES = {
  starting: "starting",
  waiting: "waiting for the network",
  completing: "being checked",
};

// What is sent; while it pauses, nothing gives it up.
let upload;

async function send(file, kind, most = 0) {
  const giveUp = new AbortController();
  upload = { file, kind, most, giveUp };
  const show = (phase) => {
    bar.value = file.size ? upload.most / file.size : 1;
    const progress = `${size(upload.most)} of ${size(file.size)}, ${Math.floor(bar.value * 100)} %`;
    document.querySelector("#sent").textContent = [progress, PHASES[phase]].filter(Boolean).join(" · ");
  };
  document.querySelector("#sending-name").textContent = file.name;
  pause.textContent = "Pause";
  form.querySelector("button").disabled = true;
  sending.hidden = false;
  let goesOn = false;
  try {
    const stored = await uploadFile(file, {
      baseUrl: "/api/secure",
      kind,
      signal: giveUp.signal,
      onProgress(sent) {
        // What was on its way at a pause is sent again, and the bar stays where it was.
        upload.most = Math.max(upload.most, sent);
        show();
      },
      onPhase: show,
    });
    form.reset();
    await list();
    return `Uploaded ${stored.filename}`;
  } catch (error) {
    const isPaused = giveUp.signal.reason === PAUSE;
    goesOn = isPaused || error.retryable;
    if (error.code !== "cancelled") throw error;
    return isPaused ? `Paused ${file.name}` : `Cancelled ${file.name}`;
  } finally {
    sending.hidden = !goesOn;
    form.querySelector("button").disabled = goesOn;
    pause.textContent = "Go on";
    upload.giveUp = null;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { file, content_type: kind } = form.elements;
  tell(() => send(file.files[0], kind.value));
});

const goOn = () => tell(() => send(upload.file, upload.kind, upload.most));

pause.addEventListener("click", () => {
  if (upload.giveUp) upload.giveUp.abort(PAUSE);
  else goOn();
});

document.querySelector("#cancel").addEventListener("click", () => {
  if (!upload.giveUp) goOn();
  upload.giveUp.abort();
});

document.querySelector("#report").addEventListener("click", () =>
  tell(async () => (await ask("GET", "/reports")).message));

tell(list);
