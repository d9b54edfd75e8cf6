// node build.mjs docs/api prose.json redoc.js: what the binary makes the API document from, and the script of its page.
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {parse} from 'yaml';

const [folder, proseFile, scriptFile] = process.argv.slice(2);

/** Adds the members of `from`; two files must not say the same thing twice. */
function addAll(into, from, what) {
  for (const [name, value] of Object.entries(from ?? {})) {
    if (name in into) throw new Error(`${what} ${name} stands in two files`);
    into[name] = value;
  }
}

/** In {a: one, two} YAML reads a member `two` without a value: such a text needs quotes. */
function refuseEmptyMembers(value, where) {
  if (value === null || typeof value !== 'object') return;
  for (const [name, member] of Object.entries(value)) {
    if (member === null && !Array.isArray(value)) throw new Error(`${where}: "${name}" has no value; quote a text that has a comma`);
    refuseEmptyMembers(member, `${where}/${name}`);
  }
}

/** openapi.yaml, and what the other files of the folder add to it. */
function readProse() {
  const read = (name) => {
    const part = parse(readFileSync(path.join(folder, name), 'utf8'), {merge: true});
    refuseEmptyMembers(part, name);
    return part;
  };
  const prose = read('openapi.yaml');
  for (const name of readdirSync(folder).sort()) {
    if (name === 'openapi.yaml' || !name.endsWith('.yaml')) continue;
    const part = read(name);
    prose.tags.push(...part.tags ?? []);
    for (const kind of ['query_parameters', 'path_parameters', 'paths']) addAll(prose[kind], part[kind], kind);
    for (const kind of ['parameters', 'schemas', 'securitySchemes']) {
      addAll(prose.components[kind], part.components?.[kind], kind);
    }
  }
  return prose;
}

/** The status of every code, from the page that is made of the headers. */
const statuses = Object.fromEntries([...readFileSync(path.join(folder, '../errors.md'), 'utf8')
    .matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, code, status]) => [code, Number(status)]));

writeFileSync(proseFile, JSON.stringify({...readProse(), statuses}));

// Redoc shows its maker's logo from its maker's server; our page asks no other host.
const bundle = new URL('node_modules/redoc/bundles/redoc.standalone.js', import.meta.url);
const logo = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const script = readFileSync(bundle, 'utf8');
if (!script.includes(logo)) throw new Error(`${bundle.pathname} no longer names ${logo}: look where it gets its logo`);
writeFileSync(scriptFile, script.replaceAll(logo, 'data:,'));
