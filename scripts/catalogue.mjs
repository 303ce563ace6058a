/**
 * `node scripts/catalogue.mjs`: the texts that people read, for translators and for JupyterLab.
 *
 * Writes python-shim/jupyterlab_saturn/locale/jupyterlab_saturn.pot, and says what each language beside it
 * (`<language>/LC_MESSAGES/jupyterlab_saturn.json`, as JupyterLab's server hands it to pages) lacks or has too much.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './root.mjs';

/** Name of our texts among those of other extensions. */
export const DOMAIN = 'jupyterlab_saturn';

const locale = join(root, 'python-shim', 'jupyterlab_saturn', 'locale');
const template = join(locale, `${DOMAIN}.pot`);
const settings = join('schema', 'lab', 'plugin.json');

/** Between a context and a text in a key, as gettext has it. */
const CONTEXT_END = '\u0004';

const CALL = /\b_?trans\s*\.\s*(__|_n|_p|_np)\s*\(/g;
const LITERAL = /\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)")\s*([,)])/y;
const ESCAPED = { n: '\n', t: '\t', r: '\r' };

/** How many texts a call names. */
const ARGUMENTS = { __: 1, _n: 2, _p: 2, _np: 3 };

/**
 * All texts by their keys, in the order of files: `{ text, many, context, files }`.
 *
 * @throws Error when a text is not there as a literal, so that nobody could translate it
 */
export function extract() {
  const texts = new Map();
  const add = (file, text, { many, context } = {}) => {
    const key = context === undefined ? text : `${context}${CONTEXT_END}${text}`;
    const known = texts.get(key);
    if (known === undefined) {
      texts.set(key, { text, many, context, files: [file] });
      return;
    }
    if (known.many !== many) {
      throw new Error(`“${text}” is said with and without a plural, in ${known.files[0]} and ${file}.`);
    }
    if (!known.files.includes(file)) {
      known.files.push(file);
    }
  };
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter(file => /\.tsx?$/.test(file))
    .map(file => join('src', file))
    .sort();
  for (const file of sources) {
    for (const call of callsIn(readFileSync(join(root, file), 'utf8'), file)) {
      add(file, call.text, call);
    }
  }
  addSettings(JSON.parse(readFileSync(join(root, settings), 'utf8')), add);
  return texts;
}

function* callsIn(source, file) {
  for (const call of source.matchAll(CALL)) {
    const method = call[1];
    const literals = [];
    LITERAL.lastIndex = call.index + call[0].length;
    while (literals.length < ARGUMENTS[method]) {
      const found = LITERAL.exec(source);
      if (found === null) {
        const line = source.slice(0, call.index).split('\n').length;
        throw new Error(`${file}:${line}: a text to be translated is a literal, whole and in one piece.`);
      }
      literals.push((found[1] ?? found[2]).replace(/\\(.)/g, (_, char) => ESCAPED[char] ?? char));
      if (found[3] === ')') {
        break;
      }
    }
    const context = method === '_p' || method === '_np' ? literals.shift() : undefined;
    const [text, many] = literals;
    yield { text, context, many: method === '_n' || method === '_np' ? many : undefined };
  }
}

/** What JupyterLab translates of the settings: by its own rules, in contexts of its own. */
function addSettings(schema, add) {
  const say = (context, ...texts) => {
    for (const text of texts.filter(Boolean)) {
      add(settings, text, { context });
    }
  };
  say('schema', schema.title, schema.description);
  say('settings', schema['jupyter.lab.setting-icon-label']);
  for (const { title, description } of Object.values(schema.properties)) {
    say('settings', title, description);
  }
  const menus = items =>
    items.forEach(({ label, items: below = [], submenu }) => {
      say('menu', label);
      menus([...below, ...(submenu ? [submenu] : [])]);
    });
  menus(schema['jupyter.lab.menus'].main);
}

/** The texts as a template for translators. */
export function potOf(texts) {
  const quoted = text => JSON.stringify(text);
  const entries = [...texts.values()].map(({ text, many, context, files }) =>
    [
      ...files.map(file => `#: ${file}`),
      ...(context === undefined ? [] : [`msgctxt ${quoted(context)}`]),
      `msgid ${quoted(text)}`,
      ...(many === undefined
        ? ['msgstr ""']
        : [`msgid_plural ${quoted(many)}`, 'msgstr[0] ""', 'msgstr[1] ""'])
    ].join('\n')
  );
  const head = `msgid ""\nmsgstr ""\n"Project-Id-Version: ${DOMAIN}\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"`;
  return `${[head, ...entries].join('\n\n')}\n`;
}

/** The template as it is in the tree. */
export const readTemplate = () => readFileSync(template, 'utf8');

/** What is translated, by language: the texts by their keys. */
export function languages() {
  return new Map(
    readdirSync(locale, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => [
        name,
        JSON.parse(readFileSync(join(locale, name, 'LC_MESSAGES', `${DOMAIN}.json`), 'utf8'))
      ])
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const texts = extract();
  writeFileSync(template, potOf(texts));
  for (const [language, { '': _, ...known }] of languages()) {
    const missing = [...texts].filter(([key]) => !(key in known));
    const gone = Object.keys(known).filter(key => !texts.has(key));
    const words = missing.map(
      ([key, { many }]) => `${JSON.stringify(many === undefined ? [key] : [key, many])}`
    );
    console.log(`${language}: ${texts.size - missing.length} of ${texts.size} texts`);
    console.log(
      words.map(word => `  missing: ${word}\n`).join('') +
        gone.map(key => `  gone: ${JSON.stringify(key)}\n`).join('')
    );
  }
}
