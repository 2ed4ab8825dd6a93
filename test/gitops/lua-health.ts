// Runs Argo CD's health checks as Argo CD does: Lua 5.1 with the base and table libraries and nothing else.
import { spawnSync } from 'node:child_process';

export interface Health {
  readonly status: string;
  readonly message?: string;
}

export interface HealthCase {
  /** Text of a health.lua. */
  readonly script: string;
  /** The object, as YAML or JSON has it. */
  readonly object: unknown;
}

/** What ends a field and a case in what the interpreter prints: in no message. */
const [unit, record] = ['\u001f', '\u001e'];

/**
 * One interpreter for all cases; each script sees `obj` and is cut off from the others.
 * @throws Error with Lua's own words where a script fails, or returns no table.
 */
export function luaHealth(cases: readonly HealthCase[]): readonly Health[] {
  const chunk = [
    'local write, format, load, globals = io.write, string.format, loadstring, _G',
    // What Argo CD does not open is not there, and strings have no methods.
    'getmetatable("").__index = nil',
    `for _, name in ipairs({ ${['string', 'math', 'io', 'os', 'debug', 'coroutine', 'package', 'require', 'module'].map((name) => `"${name}"`).join(', ')} }) do globals[name] = nil end`,
    'local function check(script, object)',
    '  obj = object',
    '  local result = assert(load(script, "=health.lua"))()',
    '  assert(type(result) == "table", "health.lua returned no table")',
    `  write(tostring(result.status), "${unit}", tostring(result.message), "${record}")`,
    'end',
    ...cases.map(({ script, object }) => `check(${literal(script)}, ${literal(object)})`),
  ].join('\n');
  const { status, stdout, stderr, error } = spawnSync('lua5.1', ['-'], { input: chunk, encoding: 'utf8', timeout: 60_000 });
  if (error !== undefined) throw new Error('lua5.1 cannot be run; "make setup" installs it', { cause: error });
  if (status !== 0) throw new Error(`Lua: ${stderr}`);
  return stdout.split(record).slice(0, -1).map((line) => {
    const [code, message] = line.split(unit);
    return { status: code!, ...(message === 'nil' ? {} : { message: message! }) };
  });
}

/** A JSON value as Lua text; every byte of a string that is not plain goes by number. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return `"${[...Buffer.from(value, 'utf8')].map((byte) => (/[\w .,:;/-]/.test(String.fromCharCode(byte)) && byte < 128 ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`)).join('')}"`;
  if (Array.isArray(value)) return `{${value.map(literal).join(', ')}}`;
  return `{${Object.entries(value).map(([key, item]) => `[${literal(key)}] = ${literal(item)}`).join(', ')}}`;
}
