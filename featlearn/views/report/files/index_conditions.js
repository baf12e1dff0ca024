"use strict";
// Conditions on runs, with the meaning that `featlearn runs --where` gives them (featlearn/sweeps/conditions.py).

const SIGNED = /^\s*([^=!<>~]+?)\s*(!=|<=|>=|==?|<|>|~)(?!\s*[=!<>~])\s*([^]*?)\s*$/;
const ORDERED = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };

/** A number, true, false, null or a list, as a configuration has it; anything else is text. */
function plainValue(text) {
  if (/^[-+]?(\d+|\.\d+|\d+(\.\d*)?([eE][-+]?\d+)?|\.\d+[eE][-+]?\d+)$/.test(text)) return Number(text);
  if (!/^(\[|"|(true|false|null)$)/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A value as Python writes it, for what contains a text. */
function writtenValue(value) {
  if (value === null) return "None";
  if (Array.isArray(value)) return value.join(" ");
  const small = typeof value === "number" && value !== 0 && Math.abs(value) < 1e-4;
  return small ? value.toExponential().replace(/e-(\d)$/, "e-0$1") : String(value);
}

/** The keys with a name, or where there is none, with an end. */
const keysCalled = (name, keys) => (keys.includes(name) ? [name] : keys.filter((key) => key.endsWith(`.${name}`)));

/** The key that a name means. Throws an Error that says why when it is none, or more than one. */
function completeKey(name, { keys, headed, hinted }) {
  const word = name.trim().toLowerCase().replaceAll("-", "_").replaceAll(" ", "_");
  const of = (table, text) => (Object.hasOwn(table, text) ? table[text] : []);
  const meant = [name, ...of(headed, name), ...of(hinted, word)];
  const found = meant.map((text) => keysCalled(text, keys)).find((some) => some.length) ?? [];
  if (found.length === 1) return found[0];
  if (found.length) throw new Error(`${name} is more than one key; which of these: ${found.join(", ")}?`);
  const near = keys.filter((key) => key.toLowerCase().includes(word)).slice(0, 3);
  throw new Error(`No run here has a key ${name}; ${near.length ? `did you mean ${near.join(" or ")}?` : "the field offers those that there are"}`);
}

/** What `key=value` asks for. Throws an Error that says why when it is no condition. */
function conditionOf(text, known) {
  const found = SIGNED.exec(text);
  if (!found) throw new Error("Expected KEY=VALUE, or !=, <, <=, >, >=, ~ (contains) for =, as in loss<1e-6");
  const [, name, sign, value] = found;
  return { key: completeKey(name, known), sign: sign === "==" ? "=" : sign, text: value, value: plainValue(value) };
}

const conditionText = ({ key, sign, text }) => `${key}${sign}${text}`;

/** Whether a condition holds for what is known of a run, a sweep or a reproduction. */
function holds({ key, sign, text, value }, values) {
  const found = values.get(key) ?? null;
  if (found === null && value !== null) return sign === "!=" && values.get("kind") === "run";
  if (sign === "~") return writtenValue(found).toLowerCase().includes(text.toLowerCase());
  const asked = typeof found === "string" && typeof value !== "string" ? text : value;
  if (sign in ORDERED) {
    return typeof found === typeof asked && ["number", "string"].includes(typeof found) && ORDERED[sign](found, asked);
  }
  const equal = key === "tags" ? found.includes(text) : JSON.stringify(found) === JSON.stringify(asked);
  return equal === (sign === "=");
}

/** Which values a key has, where a condition holds for none. */
function whyNone(condition, all) {
  const texts = [...new Set(all.map((values) => values.get(condition.key) ?? null).filter((value) => value !== null).map(writtenValue))];
  const shown = texts.length > 8 ? `${texts.slice(0, 8).join(", ")} or one of ${texts.length - 8} more` : texts.join(", ");
  return `None has ${conditionText(condition)}: ${texts.length ? `${condition.key} is ${shown}` : `${condition.key} is null in all`}.`;
}
