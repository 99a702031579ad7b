// The contest: everybody in turn on the same tokens, in many short rounds.

/** Tokens in one round. */
export const BATCH = 128

/** The tokens, as bytes, in batches. */
export function batches(tokens) {
  const all = []
  for (let at = 0; at + BATCH <= tokens.length; at += BATCH) all.push(tokens.slice(at, at + BATCH))
  return all
}

/**
 * The median time of one verification and, against the first contestant, the median and the
 * quartiles of the ratio of speeds, round by round. Whoever begins a round is the last in the next
 * one. What gives a promise is awaited before the next token; `verifyAll` takes a round at once.
 */
export async function contest(title, contestants, rounds) {
  const names = Object.keys(contestants)
  const measured = []
  for (const [number, batch] of rounds.entries()) {
    const round = {}
    for (let place = 0; place < names.length; place++) {
      const name = names[(number + place) % names.length]
      round[name] = await timed(contestants[name], batch)
    }
    measured.push(round)
  }
  const row = (name) => {
    const ratios = sorted(measured.map((round) => round[names[0]] / round[name]))
    const [low, ratio, high] = [0.25, 0.5, 0.75].map((part) => quantile(ratios, part))
    return { name, nanoseconds: quantile(sorted(measured.map((round) => round[name])), 0.5), ratio, low, high }
  }
  return { title, rows: names.map(row) }
}

/** Says what these contestants should reach: a `ratio` to the first. */
export function want(outcome, names, wanted) {
  const rows = outcome.rows.map((row) => (names.includes(row.name) ? { ...row, wanted } : row))
  return { ...outcome, rows }
}

/** Nanoseconds by the clock for each token, on strings that nobody has seen. */
async function timed({ verify, verifyAll, isAsync = false }, batch) {
  const tokens = batch.map((token) => token.toString('latin1'))
  const started = process.hrtime.bigint()
  if (verifyAll) await verifyAll(tokens)
  else if (isAsync) for (const token of tokens) await verify(token)
  else for (const token of tokens) verify(token)
  return Number(process.hrtime.bigint() - started) / tokens.length
}

const sorted = (values) => values.toSorted((a, b) => a - b)

const quantile = (values, part) => values[Math.round((values.length - 1) * part)]

export function text({ title, rows }) {
  const line = ({ name, nanoseconds, ratio, low, high }) => {
    const numbers = [ratio, low, high].map((number) => number.toFixed(3))
    return `  ${nanoseconds.toFixed(0).padStart(9)} ns  ${numbers[0]} (${numbers[1]} to ${numbers[2]})  ${name}`
  }
  return [title, ...rows.map(line), ''].join('\n')
}
