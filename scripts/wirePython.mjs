/** The wire schema as Python types, which are there for the type checker alone. */

const quoted = value => JSON.stringify(value);
const docstring = (text, indent = '') =>
  text ? `${indent}"""${text.replaceAll(/[\\"]/g, '\\$&')}"""\n` : '';
const capitalized = name => name[0].toUpperCase() + name.slice(1);
const union = members => `(\n${members.map(member => `    ${member}`).join(' |\n')}\n)`;
const alias = (name, type, description) => `${name}: TypeAlias = ${type}\n${docstring(description)}`;

/** Words of Python that no member of a class can be called. */
const keywords = new Set([
  'as',
  'class',
  'def',
  'from',
  'global',
  'if',
  'import',
  'in',
  'is',
  'lambda',
  'with'
]);

const plain = { string: 'str', integer: 'int', number: 'float', boolean: 'bool', null: 'None' };

/** Python types of schemas. An object whose members are known becomes a class, put to `classes`. */
class Translation {
  classes = [];

  /** The type of a schema, and of its class, if it becomes one, the name. */
  type(schema, name) {
    if (schema.$ref) {
      return schema.$ref.split('/').at(-1);
    }
    if (schema.anyOf) {
      return schema.anyOf.map(member => this.type(member, name)).join(' | ');
    }
    if (schema.enum || 'const' in schema) {
      return `Literal[${(schema.enum ?? [schema.const]).map(quoted).join(', ')}]`;
    }
    if (Array.isArray(schema.type)) {
      return schema.type.map(type => this.type({ ...schema, type }, name)).join(' | ');
    }
    if (schema.type === 'array') {
      return `list[${this.type(schema.items, name)}]`;
    }
    if (schema.type === 'object') {
      return schema.properties ? this.#typedDict(schema, name) : this.#dict(schema, name);
    }
    if (!(schema.type in plain)) {
      throw new Error(`${name} has no Python type here yet: ${quoted(schema)}.`);
    }
    return plain[schema.type];
  }

  #dict({ additionalProperties: values }, name) {
    return `dict[str, ${values ? this.type(values, name) : 'Any'}]`;
  }

  #typedDict({ properties, required = [], description }, name) {
    if (Object.keys(properties).some(key => keywords.has(key))) {
      this.classes.push(this.#functional({ properties, required, description }, name));
      return name;
    }
    const members = Object.entries(properties).map(([key, member]) => {
      const type = this.type(member, `${name}${capitalized(key)}`);
      const declared = required.includes(key) ? type : `NotRequired[${type}]`;
      return `    ${key}: ${declared}\n${docstring(member.description, '    ')}`;
    });
    const body = docstring(description, '    ') + members.join('');
    this.classes.push(`class ${name}(TypedDict):\n${body || '    pass\n'}`);
    return name;
  }

  /** The same for one with a member that is called as a keyword. Types are texts: they may be defined later. */
  #functional({ properties, required, description }, name) {
    const members = Object.entries(properties).map(([key, member]) => {
      const type = quoted(this.type(member, `${name}${capitalized(key)}`));
      return `        ${quoted(key)}: ${required.includes(key) ? type : `NotRequired[${type}]`},\n`;
    });
    return `${name} = TypedDict(\n    ${quoted(name)},\n    {\n${members.join('')}    },\n)\n${docstring(description)}`;
  }
}

const message = ([type, body]) => `Message[Literal[${quoted(type)}], ${body}]`;
const maker = (sender, [type, body]) => `    @overload
    def __call__(
        self,
        sender: Literal[${quoted(sender)}],
        type: Literal[${quoted(type)}],
        body: ${body}${body === 'Empty' ? ' | None = None' : ''},
        re: str | None = None,
    ) -> ${message([type, body])}: ...
`;

/** The envelope, whose type and body go together. */
function genericMessage({ definitions: { Envelope } }) {
  const properties = { ...Envelope.properties, type: { $ref: 'Type' }, body: { $ref: 'Body' } };
  const translation = new Translation();
  translation.type({ ...Envelope, properties }, 'Message');
  return translation.classes[0].replace('(TypedDict)', '(TypedDict, Generic[Type, Body])');
}

/** What clients may say, by what the engine replies: `OkRequest` and so on. */
function requests({ directions, replies }) {
  const odd = Object.entries(replies).find(
    ([type, reply]) => !(type in directions.client && reply in directions.engine)
  );
  if (odd) {
    throw new Error(
      `schema/wire/messages.json says that ${odd[0]} is replied to by ${odd[1]}: no such messages.`
    );
  }
  const said = Object.entries(directions.client);
  const replyOf = type => replies[type] ?? 'ok';
  return [...new Set(said.map(([type]) => replyOf(type)))].map(reply => {
    const name = `${reply.split('.').map(capitalized).join('')}Request`;
    return alias(name, union(said.filter(([type]) => replyOf(type) === reply).map(message)));
  });
}

/**
 * Source of a module with a type for each definition of the bundle; what each sender may say, as a union
 * that `type` tells apart; and the signatures of a function that makes messages.
 */
export function pythonTypes(bundle) {
  const translation = new Translation();
  const aliases = Object.entries(bundle.definitions).flatMap(([name, schema]) => {
    const type = translation.type(schema, name);
    // One that is part of itself is a text: its name means nothing yet when it is read.
    const isRecursive = new RegExp(`\\b${name}\\b`).test(type);
    return type === name ? [] : [alias(name, isRecursive ? quoted(type) : type, schema.description)];
  });
  const senders = Object.entries(bundle.directions).map(([sender, said]) => [sender, Object.entries(said)]);
  return [
    `"""What is on the wire, for type checkers. Made from schema/wire by \`\`npm run build:wire\`\`."""

from __future__ import annotations

from typing import Any, Generic, Literal, NotRequired, Protocol, TypeAlias, TypedDict, TypeVar, overload

Type = TypeVar("Type", bound=str)
Body = TypeVar("Body")
`,
    ...translation.classes,
    genericMessage(bundle),
    ...aliases,
    ...senders.map(([sender, said]) => alias(`${capitalized(sender)}Message`, union(said.map(message)))),
    ...requests(bundle),
    `class MakeMessage(Protocol):\n    """Makes a message of sender, type and body."""\n\n` +
      senders.flatMap(([sender, said]) => said.map(each => maker(sender, each))).join('')
  ].join('\n\n');
}
