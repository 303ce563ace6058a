/**
 * Turns schema/wire/*.json, the single source of every message, into
 *   src/core/wire/generated/schema.json   one bundle without its descriptions, for ajv
 *   src/core/wire/generated/types.ts      TypeScript types and the message maps
 *   python-shim/jupyterlab_saturn/generated/schema.json   the same bundle, for Python
 *   python-shim/jupyterlab_saturn/generated/wire_types.py   TypedDicts, for mypy
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compile } from 'json-schema-to-typescript';
import { root } from './root.mjs';
import { pythonTypes } from './wirePython.mjs';

const source = join(root, 'schema', 'wire');
const parts = Object.fromEntries(
  readdirSync(source)
    .filter(name => name.endsWith('.json'))
    .sort()
    .map(name => [name, JSON.parse(readFileSync(join(source, name), 'utf8'))])
);

const definitions = {};
for (const [file, part] of Object.entries(parts)) {
  for (const [name, definition] of Object.entries(part.definitions)) {
    if (name in definitions) {
      throw new Error(`schema/wire/${file} defines ${name} a second time; names are unique across files.`);
    }
    definitions[name] = definition;
  }
}
/** A member that a patch may take away, by null. */
const removable = member =>
  typeof member.type === 'string'
    ? { ...member, type: [member.type, 'null'] }
    : { anyOf: [member, { type: 'null' }] };
for (const [name, { patchOf, without = [], description }] of Object.entries(definitions)) {
  if (patchOf) {
    const { properties, required } = definitions[patchOf];
    const members = Object.entries(properties).filter(([key]) => !without.includes(key));
    definitions[name] = {
      description,
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(
        members.map(([key, member]) => [key, required.includes(key) ? member : removable(member)])
      )
    };
  }
}
const { version, maxBytes, replies } = parts['messages.json'];
// A direction may go on in another file: the engine speaks to clients and to executors.
const directions = {};
for (const part of Object.values(parts)) {
  for (const [from, types] of Object.entries(part.directions ?? {})) {
    directions[from] = { ...directions[from], ...types };
  }
}
const { events } = parts['journal.json'];
const flat = value => JSON.parse(JSON.stringify(value).replace(/"\$ref":"\w+\.json#/g, '"$ref":"#'));
const bundle = flat({ $id: 'saturn-wire', version, maxBytes, directions, events, definitions });

const banner = '/* Generated from schema/wire by `npm run build:wire`. Do not edit. */';
// A description beside a $ref makes the compiler write the type twice.
const bare = JSON.parse(JSON.stringify(bundle.definitions), (_key, value) =>
  value?.$ref ? { $ref: value.$ref } : value
);
const types = await compile({ title: 'Wire', definitions: bare }, 'Wire', {
  bannerComment: banner,
  unreachableDefinitions: true,
  additionalProperties: false,
  ignoreMinAndMaxItems: true,
  style: { singleQuote: true }
});
const map = (name, doc, entries) =>
  `/** ${doc} */\nexport interface ${name} {\n` +
  Object.entries(entries)
    .map(([type, body]) => `  '${type}': ${body};\n`)
    .join('') +
  '}\n';
const maps = [
  map('ClientMessages', 'Message types a client may send, with their bodies.', directions.client),
  map('AgentMessages', 'Message types an agent may send, with their bodies.', directions.agent),
  map(
    'KernelMessages',
    'Message types a kernel itself may send to the front end, with their bodies.',
    directions.kernel
  ),
  map('EngineMessages', 'Message types the engine may send, with their bodies.', directions.engine),
  `/** What a journal record may say. */\nexport type SessionEvent =\n${Object.values(events)
    .map(n => `  | ${n}`)
    .join('\n')};\n`
];

const write = (path, text) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
// What a member means is told where types are; a page that only checks need not load it.
const checked = JSON.parse(JSON.stringify(bundle), (key, value) =>
  key === 'description' && typeof value === 'string' ? undefined : value
);
const json = `${JSON.stringify(checked, null, 1)}\n`;
write('src/core/wire/generated/schema.json', json);
write('python-shim/jupyterlab_saturn/generated/schema.json', json);
write('src/core/wire/generated/types.ts', [types.trimEnd(), ...maps].join('\n\n'));
write('python-shim/jupyterlab_saturn/generated/wire_types.py', pythonTypes({ ...bundle, replies }));
