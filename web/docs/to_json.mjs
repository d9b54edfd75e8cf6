// node to_json.mjs FILE.yaml FILE.json
import {readFileSync, writeFileSync} from 'node:fs';
import {parse} from 'yaml';

const [from, to] = process.argv.slice(2);
writeFileSync(to, JSON.stringify(parse(readFileSync(from, 'utf8'))));
