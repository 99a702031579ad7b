// The page of a signed-in user. The session cookie goes along by itself.
"use strict";

const files = document.querySelector("#files");
const message = document.querySelector("#message");

// Sends a request; an error's code and message become the exception's.
async function ask(method, path, body) {
  const answer = await fetch(path, { method, body });
  const told = await answer.json();
  if (!answer.ok) throw new Error(`${told.error.code}: ${told.error.message}`);
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
  message.className = "";
  try {
    message.textContent = (await work()) ?? "";
  } catch (error) {
    message.className = "error";
    message.textContent = error.message;
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

document.querySelector("#upload").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  button.disabled = true;
  tell(async () => {
    const stored = await ask("POST", "/api/s3/upload", new FormData(form));
    form.reset();
    await list();
    return `Uploaded ${stored.s3_key.split("/").at(-1)}`;
  }).finally(() => { button.disabled = false; });
});

document.querySelector("#report").addEventListener("click", () =>
  tell(async () => (await ask("GET", "/reports")).message));

tell(list);
