// Casier: uploads from a browser. Generated from bindings-node/uploads: edit that.

// uploads/error.mts
var CasierError = class extends Error {
  name = "CasierError";
  /** The stable kebab-case code, for example `quota-exceeded`. */
  code;
  /** The HTTP status that goes with the code. */
  status;
  /** Whether the same call may succeed later with nothing changed. */
  retryable;
  /** The facts that belong to the code. */
  details;
  constructor(code, status, message, options = {}) {
    super(message, "cause" in options ? { cause: options.cause } : void 0);
    this.code = code;
    this.status = status;
    this.retryable = code === "conflict" || [429, 503, 504].includes(status);
    this.details = options.details ?? {};
  }
};
function unexpected(what, status = 500) {
  return new CasierError("internal", Math.max(status, 400), `the server's answer is not one of the upload protocol: ${what}`);
}

// uploads/options.mts
var PAUSE = /* @__PURE__ */ Symbol("pause");

// uploads/answers.mts
function readEnvelope(status, text) {
  const envelope = membersOf(parsed(text, status), status);
  if (envelope["success"] === true) {
    return envelope["data"];
  }
  const error = membersOf(envelope["error"], status);
  const { code, message } = error;
  if (typeof code !== "string" || status < 400) {
    throw unexpected("an error without a code", status);
  }
  throw new CasierError(code, status, String(message), { details: detailsOf(error["details"]) });
}
function readBegun(data, size) {
  const members = membersOf(data);
  return plan(members, textOf(members, "upload_id"), size, []);
}
function readState(data, id, size) {
  const members = membersOf(data);
  const held = listOf(members, "parts").map((part) => countOf({ part }, "part"));
  if (countOf(members, "size") !== size) {
    throw unexpected("an upload of another size");
  }
  return plan(members, id, size, held);
}
function readParts(data, numbers) {
  const parts = listOf(membersOf(data), "parts").map((part) => {
    const members = membersOf(part);
    const headers = Object.entries(membersOf(members["headers"] ?? {})).map(([name, value]) => [name, String(value)]);
    return {
      number: countOf(members, "part_number"),
      url: textOf(members, "url"),
      headers: Object.fromEntries(headers),
      size: countOf(members, "size")
    };
  });
  const missing = numbers.find((number) => !parts.some((part) => part.number === number));
  if (missing !== void 0) {
    throw unexpected(`no address for part ${missing}`);
  }
  return parts;
}
function readStored(data) {
  const members = membersOf(data);
  const { content_type: kind, mime_type: contentType, metadata } = members;
  return {
    key: textOf(members, "s3_key"),
    filename: textOf(members, "filename"),
    kind: typeof kind === "string" ? kind : null,
    size: countOf(members, "size"),
    contentType: typeof contentType === "string" ? contentType : null,
    metadata: membersOf(metadata ?? {})
  };
}
function plan(members, uploadId, size, held) {
  const [partSize, partCount] = [countOf(members, "part_size"), countOf(members, "part_count")];
  const expiresAt = Date.parse(textOf(members, "expires_at"));
  if (partSize === 0 || partCount !== Math.ceil(size / partSize) || Number.isNaN(expiresAt)) {
    throw unexpected(`${partCount} parts of ${partSize} bytes for ${size}, until ${members["expires_at"]}`);
  }
  return { uploadId, partSize, partCount, expiresAt, held: held.filter((part) => part >= 1 && part <= partCount) };
}
function parsed(text, status) {
  try {
    return JSON.parse(text);
  } catch {
    throw unexpected("it is not JSON", status);
  }
}
function membersOf(value, status) {
  if (typeof value !== "object" || value === null) {
    throw unexpected("an object is missing", status);
  }
  return value;
}
function textOf(members, name) {
  const value = members[name];
  if (typeof value !== "string" || value === "") {
    throw unexpected(`${name} is missing`);
  }
  return value;
}
function countOf(members, name) {
  const value = members[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw unexpected(`${name} is missing`);
  }
  return value;
}
function listOf(members, name) {
  const value = members[name];
  if (!Array.isArray(value)) {
    throw unexpected(`${name} is missing`);
  }
  return value;
}
function detailsOf(value) {
  if (typeof value !== "object" || value === null) {
    return {};
  }
  const { retry_after: retryAfter, ...rest } = value;
  return retryAfter === void 0 ? rest : { ...rest, retryAfter };
}

// uploads/waits.mts
var FIRST_DELAY = 500;
function backoff(attempt, most) {
  return Math.min(most, FIRST_DELAY * 2 ** attempt) * (0.5 + Math.random() / 2);
}
function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const end = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", back);
      signal.removeEventListener("abort", gone);
    };
    const back = () => {
      end();
      resolve();
    };
    const gone = () => {
      end();
      reject(signal.reason);
    };
    const timer = setTimeout(back, milliseconds);
    globalThis.addEventListener?.("online", back);
    signal.addEventListener("abort", gone);
  });
}
function unlessAborted(promise, signal) {
  return new Promise((resolve, reject) => {
    const gone = () => reject(signal.reason);
    if (signal.aborted) {
      gone();
    }
    signal.addEventListener("abort", gone);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", gone));
  });
}

// uploads/api.mts
var DEADLINE = 3e4;
var COMPLETE_DEADLINE = 3e5;
var ATTEMPTS = 7;
var LONGEST_WAIT = 1e4;
var LONGEST_ASKED = 60;
var BUSY = [408, 429, 502, 503, 504];
var Api = class {
  #options;
  #signal;
  #phase;
  #uploads;
  /** Until when the network is waited for, in milliseconds since 1970. */
  endsAt = Date.now() + 24 * 36e5;
  /** A `baseUrl` that is no address is a `TypeError`. */
  constructor(options, signal, phase) {
    this.#options = options;
    this.#signal = signal;
    this.#phase = phase;
    this.#uploads = new URL(`${options.baseUrl.replace(/\/+$/, "")}/uploads`, globalThis.location?.href).href;
  }
  /** Not given up half-way: what has begun would be left behind. */
  async begin(wanted) {
    return readBegun(await this.#call({ method: "POST", path: "", body: wanted, isGivenUp: false }), wanted.size);
  }
  async state(id, size) {
    return readState(await this.#call({ method: "GET", path: `/${encodeURIComponent(id)}` }), id, size);
  }
  async parts(id, numbers) {
    const path = `/${encodeURIComponent(id)}/parts`;
    return readParts(await this.#call({ method: "POST", path, body: { part_numbers: numbers } }), numbers);
  }
  async complete(id) {
    const path = `/${encodeURIComponent(id)}/complete`;
    return readStored(await this.#call({ method: "POST", path, deadline: COMPLETE_DEADLINE }));
  }
  /** Asked once, whatever becomes of it: what is not aborted ends by itself. */
  async abort(id) {
    await this.#ask({ method: "DELETE", path: `/${encodeURIComponent(id)}`, isGivenUp: false }).catch(() => {
    });
  }
  async #call(request) {
    let busy = 0;
    let away = 0;
    for (; ; ) {
      const answer = await this.#ask(request).catch((error2) => {
        this.#signal.throwIfAborted();
        return { error: error2 };
      });
      if ("data" in answer) {
        this.#phase.online(true);
        return answer.data;
      }
      const { error } = answer;
      if (error instanceof Unreachable && Date.now() < this.endsAt) {
        this.#phase.online(false);
        await wait(backoff(away++, LONGEST_WAIT), this.#signal);
      } else if (isBusy(error) && busy < ATTEMPTS - 1) {
        this.#phase.online(true);
        const asked = error.details.retryAfter;
        await wait(asked === void 0 ? backoff(busy, LONGEST_WAIT) : asked * 1e3, this.#signal);
        busy += 1;
      } else {
        throw error instanceof Unreachable ? error.asError() : error;
      }
    }
  }
  async #ask(request) {
    const { method, path, body, deadline = DEADLINE, isGivenUp = true } = request;
    const { credentials = "same-origin" } = this.#options;
    const headers = new Headers(this.#options.headers);
    const token = await this.#token();
    if (token) {
      headers.set("Authorization", `Bearer ${token}`);
    }
    if (body !== void 0) {
      headers.set("Content-Type", "application/json");
    }
    const signals = [AbortSignal.timeout(deadline), ...isGivenUp ? [this.#signal] : []];
    const response = await fetch(this.#uploads + path, {
      method,
      headers,
      body: body === void 0 ? null : JSON.stringify(body),
      credentials,
      cache: "no-store",
      // An abort still leaves a page that is being left.
      keepalive: method === "DELETE",
      signal: AbortSignal.any(signals)
    }).catch(unreachable);
    const text = await response.text().catch(unreachable);
    return { data: readEnvelope(response.status, text) };
  }
  /** Tokens are renewed over the network as well. */
  async #token() {
    try {
      return await this.#options.getToken?.();
    } catch (cause) {
      throw globalThis.navigator?.onLine === false ? new Unreachable(cause) : cause;
    }
  }
};
var Unreachable = class {
  constructor(cause) {
    this.cause = cause;
  }
  cause;
  asError() {
    return new CasierError("timeout", 504, "the server could not be reached", { cause: this.cause });
  }
};
function unreachable(cause) {
  throw new Unreachable(cause);
}
function isBusy(error) {
  return error instanceof CasierError && (error.details.retryAfter ?? 0) <= LONGEST_ASKED && (error.code === "token-expired" || BUSY.includes(error.status) && error.code !== "storage-denied");
}

// uploads/memory.mts
var PREFIX = "casier-upload:";
var Memory = class {
  #storage;
  #key;
  /** `fingerprint` is the same for the same file, chosen again; null where nothing can tell that. */
  constructor(storage, fingerprint) {
    this.#storage = fingerprint === null ? null : storage === void 0 ? pagesOwn() : storage;
    this.#key = PREFIX + JSON.stringify(fingerprint);
  }
  recall() {
    return this.#try((storage) => read(storage, this.#key));
  }
  keep(remembered) {
    this.#try((storage) => {
      dropExpired(storage);
      storage.setItem(this.#key, JSON.stringify(remembered));
    });
  }
  forget() {
    this.#try((storage) => storage.removeItem(this.#key));
  }
  /** A storage that is full or forbidden is none. */
  #try(work) {
    try {
      return this.#storage === null ? void 0 : work(this.#storage);
    } catch {
      return void 0;
    }
  }
};
function pagesOwn() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
function read(storage, key) {
  try {
    const { uploadId, expiresAt, isCompleting } = JSON.parse(storage.getItem(key) ?? "{}");
    const isWhole = typeof uploadId === "string" && typeof expiresAt === "number";
    return isWhole ? { uploadId, expiresAt, isCompleting: isCompleting === true } : void 0;
  } catch {
    return void 0;
  }
}
function dropExpired(storage) {
  const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at));
  for (const key of keys) {
    if (key?.startsWith(PREFIX) && !((read(storage, key)?.expiresAt ?? 0) > Date.now())) {
      storage.removeItem(key);
    }
  }
}

// uploads/put.mts
var SILENCE = 12e4;
var LAST_SILENCE = 3e5;
var SILENCE_WHEN_BACK = 1e4;
var BROWSERS_OWN = ["content-length", "host"];
function put(part, body, onSent, signal) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const giveUp = () => request.abort();
    let silence;
    const allow = (milliseconds) => {
      clearTimeout(silence);
      silence = setTimeout(giveUp, milliseconds);
    };
    const back = () => allow(SILENCE_WHEN_BACK);
    request.upload.onprogress = ({ loaded }) => {
      allow(loaded < body.size ? SILENCE : LAST_SILENCE);
      onSent(loaded);
    };
    request.onloadend = () => {
      clearTimeout(silence);
      globalThis.removeEventListener?.("online", back);
      signal.removeEventListener("abort", giveUp);
      resolve(request.status);
    };
    request.open("PUT", part.url);
    for (const [name, value] of Object.entries(part.headers)) {
      if (!BROWSERS_OWN.includes(name.toLowerCase())) {
        request.setRequestHeader(name, value);
      }
    }
    globalThis.addEventListener?.("online", back);
    signal.addEventListener("abort", giveUp);
    allow(SILENCE);
    request.send(body);
  });
}

// uploads/parts.mts
var ATTEMPTS2 = 9;
var LONGEST_WAIT2 = 2e4;
var AHEAD = 4;
var FRESH = 3e5;
async function sendParts(file, upload, api, progress, parallel, signal) {
  const held = new Set(upload.held);
  const all = Array.from({ length: upload.partCount }, (_, at) => at + 1);
  const waiting = all.filter((number) => !held.has(number));
  const addresses = new Addresses(api, upload.uploadId, waiting, parallel * AHEAD);
  const failed = new AbortController();
  const sender = new Sender(file, upload, api, addresses, progress, AbortSignal.any([signal, failed.signal]));
  const work = async () => {
    for (let number = waiting.shift(); number !== void 0; number = waiting.shift()) {
      await sender.send(number);
    }
  };
  try {
    await Promise.all(Array.from({ length: parallel }, work));
  } finally {
    failed.abort();
  }
}
var Sender = class {
  constructor(file, upload, api, addresses, progress, signal) {
    this.file = file;
    this.upload = upload;
    this.api = api;
    this.addresses = addresses;
    this.progress = progress;
    this.signal = signal;
  }
  file;
  upload;
  api;
  addresses;
  progress;
  signal;
  /** Sends a part until the store has it, each time to a new address. */
  async send(number) {
    const start = (number - 1) * this.upload.partSize;
    const body = this.file.slice(start, Math.min(start + this.upload.partSize, this.file.size));
    for (let attempt = 0; ; attempt += 1) {
      const address = await this.addresses.take(number);
      if (address.size !== body.size) {
        throw unexpected(`part ${number} has ${body.size} bytes, not ${address.size}`);
      }
      this.signal.throwIfAborted();
      const status = await put(address, body, (bytes) => this.progress.move(number, bytes), this.signal);
      if (status >= 200 && status < 300) {
        this.progress.arrived(number, body.size);
        return;
      }
      this.signal.throwIfAborted();
      this.progress.move(number, 0);
      await this.#afterFailure(status, body, attempt);
    }
  }
  async #afterFailure(status, body, attempt) {
    if (status === 0) {
      await checkReadable(body);
    }
    if (status === 404) {
      await this.api.state(this.upload.uploadId, this.file.size);
    }
    if (attempt === ATTEMPTS2 - 1) {
      const why = status === 0 ? "gave no answer" : `answered ${status}`;
      throw new CasierError("storage-unavailable", 503, `the store ${why} to one part ${ATTEMPTS2} times`);
    }
    if (status === 403) {
      this.addresses.drop();
    }
    await wait(backoff(attempt, LONGEST_WAIT2), this.signal);
  }
};
var Addresses = class {
  constructor(api, uploadId, waiting, ahead) {
    this.api = api;
    this.uploadId = uploadId;
    this.waiting = waiting;
    this.ahead = ahead;
  }
  api;
  uploadId;
  waiting;
  ahead;
  #known = /* @__PURE__ */ new Map();
  #asking;
  /** The address for a part, which is not given out again. */
  async take(number) {
    for (; ; ) {
      const known = this.#fresh(number);
      if (known !== void 0) {
        this.#known.delete(number);
        return known;
      }
      this.#asking ??= this.#ask(number).finally(() => {
        this.#asking = void 0;
      });
      await this.#asking;
    }
  }
  drop() {
    this.#known.clear();
  }
  #fresh(number) {
    const known = this.#known.get(number);
    return known !== void 0 && Date.now() - known.askedAt < FRESH ? known.part : void 0;
  }
  async #ask(number) {
    const next = this.waiting.slice(0, this.ahead - 1).filter((other) => this.#fresh(other) === void 0);
    const askedAt = Date.now();
    for (const part of await this.api.parts(this.uploadId, [number, ...next])) {
      this.#known.set(part.number, { part, askedAt });
    }
  }
};
async function checkReadable(body) {
  try {
    await body.slice(0, 1).arrayBuffer();
  } catch (cause) {
    throw new CasierError("io-failed", 500, "the file has changed or gone since it was chosen", { cause });
  }
}

// uploads/tell.mts
function safely(hook) {
  return (...told) => {
    try {
      hook?.(...told);
    } catch (error) {
      globalThis.reportError?.(error);
    }
  };
}

// uploads/phase.mts
var Phase = class {
  #tell;
  #phase = "starting";
  #isOnline = true;
  #told;
  constructor(tell) {
    this.#tell = safely(tell);
  }
  enter(phase) {
    this.#phase = phase;
    this.#update();
  }
  /** Whether the server can be reached. */
  online(isOnline) {
    this.#isOnline = isOnline;
    this.#update();
  }
  #update() {
    const phase = this.#isOnline ? this.#phase : "waiting";
    if (phase !== this.#told) {
      this.#told = phase;
      this.#tell(phase);
    }
  }
};

// uploads/progress.mts
var Progress = class {
  #total;
  #tell;
  #moving = /* @__PURE__ */ new Map();
  #held = 0;
  #told = -1;
  constructor(total, tell) {
    this.#total = total;
    this.#tell = safely(tell);
  }
  /** The store holds so many bytes, and nothing else is on its way. */
  begin(held) {
    this.#moving.clear();
    this.#held = held;
    this.#update();
  }
  /** So much of a part is on its way or there. */
  move(part, bytes) {
    this.#moving.set(part, bytes);
    this.#update();
  }
  /** The store holds this part. */
  arrived(part, bytes) {
    this.#moving.delete(part);
    this.#held += bytes;
    this.#update();
  }
  #update() {
    let sent = this.#held;
    for (const bytes of this.#moving.values()) {
      sent += bytes;
    }
    sent = Math.min(sent, this.#total);
    if (sent > this.#told) {
      this.#told = sent;
      this.#tell(sent, this.#total);
    }
  }
};

// uploads/upload.mts
var ROUNDS = 3;
var MOST_PARALLEL = 16;
async function uploadFile(file, options) {
  const { signal = new AbortController().signal, parallel = 4 } = options;
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > MOST_PARALLEL) {
    throw new TypeError(`parallel is 1 to ${MOST_PARALLEL}`);
  }
  const upload = new Upload(file, options, signal, parallel);
  try {
    signal.throwIfAborted();
    return await upload.run();
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
    upload.giveUp();
    throw new CasierError("cancelled", 499, "the upload was given up", { cause: signal.reason });
  }
}
var Upload = class {
  #file;
  #signal;
  #parallel;
  #wanted;
  #memory;
  #phase;
  #progress;
  #api;
  #uploadId;
  constructor(file, options, signal, parallel) {
    this.#file = file;
    this.#signal = signal;
    this.#parallel = parallel;
    this.#wanted = wantedOf(file, options);
    const fingerprint = file instanceof File ? [options.baseUrl, this.#wanted, file.lastModified] : null;
    this.#memory = new Memory(options.storage, fingerprint);
    this.#phase = new Phase(options.onPhase);
    this.#progress = new Progress(file.size, options.onProgress);
    this.#api = new Api(options, signal, this.#phase);
  }
  async run() {
    this.#phase.enter("starting");
    const begun = await this.#resume() ?? await this.#begin();
    return "stored" in begun ? begun.stored : await this.#send(begun);
  }
  giveUp() {
    if (this.#signal.reason === PAUSE) {
      return;
    }
    const uploadId = this.#uploadId ?? this.#memory.recall()?.uploadId;
    this.#memory.forget();
    if (uploadId !== void 0) {
      void this.#api.abort(uploadId);
    }
  }
  async #begin() {
    const beginning = this.#api.begin(this.#wanted);
    beginning.then(
      ({ uploadId }) => {
        if (this.#signal.aborted) {
          void this.#api.abort(uploadId);
        }
      },
      () => {
      }
    );
    return await unlessAborted(beginning, this.#signal);
  }
  /** The upload of this file that was broken off, or what has become of it; none if it is no more. */
  async #resume() {
    const remembered = this.#memory.recall();
    if (remembered === void 0) {
      return void 0;
    }
    this.#uploadId = remembered.uploadId;
    try {
      if (remembered.isCompleting) {
        const stored = await this.#completed(remembered.uploadId);
        if (stored !== void 0) {
          return { stored };
        }
      }
      return await this.#api.state(remembered.uploadId, this.#file.size);
    } catch (error) {
      if (!isCode(error, "upload-not-found")) {
        throw error;
      }
      this.#memory.forget();
      this.#uploadId = void 0;
      return void 0;
    }
  }
  async #send(upload) {
    const { uploadId, expiresAt } = upload;
    this.#uploadId = uploadId;
    this.#api.endsAt = expiresAt;
    for (let round = 1; ; round += 1) {
      this.#memory.keep({ uploadId, expiresAt, isCompleting: false });
      this.#progress.begin(heldBytes(upload, this.#file.size));
      this.#phase.enter("sending");
      await this.#sendParts(upload);
      this.#phase.enter("completing");
      this.#memory.keep({ uploadId, expiresAt, isCompleting: true });
      const stored = await this.#completed(uploadId);
      if (stored !== void 0) {
        return stored;
      }
      if (round === ROUNDS) {
        throw new CasierError("upload-incomplete", 409, "the store keeps losing parts of the upload");
      }
      upload = await this.#api.state(uploadId, this.#file.size);
    }
  }
  async #sendParts(upload) {
    try {
      await sendParts(this.#file, upload, this.#api, this.#progress, this.#parallel, this.#signal);
    } catch (error) {
      if (!isCode(error, "upload-not-found")) {
        throw error;
      }
    }
  }
  /** The stored file; none when the store lacks parts. What has ended for good is forgotten. */
  async #completed(uploadId) {
    try {
      const stored = await this.#api.complete(uploadId);
      this.#memory.forget();
      this.#progress.begin(this.#file.size);
      return stored;
    } catch (error) {
      if (isCode(error, "upload-incomplete")) {
        return void 0;
      }
      if (isFinal(error)) {
        this.#memory.forget();
      }
      throw error;
    }
  }
};
function wantedOf(file, options) {
  const filename = options.filename ?? (file instanceof File ? file.name : "");
  if (filename === "") {
    throw new TypeError("a Blob has no name: give it a filename");
  }
  const mimeType = options.mimeType ?? file.type;
  return {
    filename,
    content_type: options.kind,
    size: file.size,
    ...mimeType && { mime_type: mimeType },
    ...options.metadata && { metadata: options.metadata },
    ...options.overwrite === false && { overwrite: false },
    ...options.unguessable === true && { unguessable: true }
  };
}
function heldBytes({ held, partSize, partCount }, size) {
  const last = size - (partCount - 1) * partSize;
  return [...new Set(held)].reduce((sum, part) => sum + (part === partCount ? last : partSize), 0);
}
function isFinal(error) {
  return error instanceof CasierError && !error.retryable && error.status < 500 && error.status !== 401;
}
function isCode(error, code) {
  return error instanceof CasierError && error.code === code;
}
export {
  CasierError,
  PAUSE,
  uploadFile
};
