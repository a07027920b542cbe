// The guest in JavaScript: world `kinds`. `log` is a global there, a thrown value that is no Error is the `err` case.

export function executeTool(call) {
  log(1, `called ${call.name}`);
  switch (call.name) {
    case 'upper':
      return { ok: true, value: call.input.toUpperCase(), error: undefined };
    case 'fail':
      return { ok: false, value: '', error: call.input };
    case 'panic':
      // No tool-result: the bindings trap. A thrown Error would be the `err` case.
      return undefined;
    default:
      throw `unknown tool ${call.name}`;
  }
}

export const bytes = (data) => data;

const same = (value) => value;

export const echo = {
  echoBool: same, echoS8: same, echoU8: same, echoS16: same, echoU16: same, echoS32: same, echoU32: same, echoS64: same, echoU64: same,
  echoF32: same, echoF64: same, echoChar: same, echoString: same, echoBytes: same, echoNumbers: same, echoStrings: same,
  echoPerson: same, echoPeople: same, echoTuple: same, echoShape: same, echoColor: same, echoPermission: same, echoOption: same,
  echoResult: (value) => {
    if (value.tag === 'err') throw value.val;
    return value.val;
  },
  sumMany: (...numbers) => numbers.reduce((sum, number) => sum + number, 0),
};

class Counter {
  #count;
  constructor(start) {
    this.#count = start;
  }
  increment(by) {
    this.#count += by;
    return this.#count;
  }
  value() {
    return this.#count;
  }
}

export const counters = { Counter, finish: (counter) => counter.value() };
