// tool WORD …: a program in JavaScript, as a component that exports wasi:cli/run.
import { getArguments, getEnvironment } from "wasi:cli/environment@0.2.12";
import { getStdout } from "wasi:cli/stdout@0.2.12";

function print(text) {
  const bytes = unescape(encodeURIComponent(`${text}\n`)).split("").map((character) => character.charCodeAt(0));
  getStdout().blockingWriteAndFlush(new Uint8Array(bytes));
}

export const run = {
  run() {
    const [word = "hello", ...rest] = getArguments().slice(1);
    if (word === "hello") print("Hello from JavaScript");
    else if (word === "arguments") print(JSON.stringify(rest));
    else if (word === "environment") for (const [name, value] of getEnvironment().sort()) print(`${name}=${value}`);
    else if (word === "fail") throw "as asked";
    else print(`unknown word ${word}`);
  },
};
