// node build.mjs openapi.yaml openapi.json redoc.js: the two files that the server gives to the page.
import {readFileSync, writeFileSync} from 'node:fs';
import {parse} from 'yaml';

const [source, documentFile, scriptFile] = process.argv.slice(2);
writeFileSync(documentFile, JSON.stringify(parse(readFileSync(source, 'utf8'))));

// Redoc shows its maker's logo from its maker's server; our page asks no other host.
const bundle = new URL('node_modules/redoc/bundles/redoc.standalone.js', import.meta.url);
const logo = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const script = readFileSync(bundle, 'utf8');
if (!script.includes(logo)) throw new Error(`${bundle.pathname} no longer names ${logo}: look where it gets its logo`);
writeFileSync(scriptFile, script.replaceAll(logo, 'data:,'));
