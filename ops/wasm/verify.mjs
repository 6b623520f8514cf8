// The C++ verifier, compiled to WebAssembly: `verify(file, policy, {about, incomplete})` gives {ok: true, kind, lines} or
// {ok: false, kind, error}. `file` and `policy` are texts or Uint8Arrays. For the browser and for node.

import load from "./oppiloki_verify.mjs";

const bytesOf = (value) => (typeof value === "string" ? new TextEncoder().encode(value) : value);

export async function loadVerifier() {
  const module = await load();
  const put = (value) => {
    const bytes = bytesOf(value ?? "");
    const at = module._malloc(bytes.length + 1);
    module.HEAPU8.set(bytes, at);
    return [at, bytes.length];
  };
  return function verify(file, policy, options = {}) {
    const inputs = [put(file), put(policy), put(options.about)];
    try {
      const { kind, holds, proved, failed } = JSON.parse(module.UTF8ToString(module._oppi_verify(...inputs.flat(), options.incomplete ? 1 : 0)));
      return holds ? { ok: true, kind, lines: proved } : { ok: false, kind, error: failed };
    } finally {
      for (const [at] of inputs) module._free(at);
    }
  };
}
