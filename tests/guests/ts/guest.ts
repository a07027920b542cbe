// The guest in TypeScript: world `tool`, bundled by esbuild and then componentised like the guest in JavaScript.

interface ToolCall {
  callId: string;
  name: string;
  input: string;
}

interface ToolResult {
  ok: boolean;
  value: string;
  error: string | undefined;
}

declare function log(level: number, message: string): void;

const tools: Record<string, (input: string) => ToolResult> = {
  upper: (input) => ({ ok: true, value: input.toUpperCase(), error: undefined }),
  fail: (input) => ({ ok: false, value: '', error: input }),
  // No tool-result: the bindings trap. A thrown Error would be the `err` case.
  panic: () => undefined as unknown as ToolResult,
};

export function executeTool(call: ToolCall): ToolResult {
  log(1, `called ${call.name}`);
  const tool = tools[call.name];
  if (tool === undefined) throw `unknown tool ${call.name}`;
  return tool(call.input);
}

export function bytes(data: Uint8Array): Uint8Array {
  return data;
}
