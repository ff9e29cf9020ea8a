import { NDJSON_MEDIA_TYPE } from '@zameni/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** The parts of an OpenAPI document that describe answers. */
export type OpenApiDocument = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: object;
};
type OpenApiOperation = {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
};
type OpenApiResponse = {
  readonly headers?: Readonly<Record<string, { required?: boolean; schema: object }>>;
  readonly content?: Readonly<Record<string, { schema?: object }>>;
};

/** A received answer with its body. */
export type SeenAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
};

/** Reports where an answer differs from the operation's documentation. Empty if nowhere. */
export type AnswerCheck = (method: string, path: string, answer: SeenAnswer) => string[];

/** Creates a check from a document alone, with a validator that our services do not use. */
export function createAnswerCheck(document: OpenApiDocument): AnswerCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      method: method.toUpperCase(),
      pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
      isExact: !path.includes('{'),
      operation,
    })),
  );
  const faultsOf = (what: string, schema: object, value: unknown) => {
    const check = ajv.compile({ allOf: [schema], components: document.components });
    if (check(value)) return [];
    return (check.errors ?? []).map((error) => `${what}${error.instancePath}: ${error.message}`);
  };

  return (method, path, answer) => {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const matching = operations.filter((one) => one.method === wanted && one.pattern.test(path));
    const found = matching.find(({ isExact }) => isExact) ?? matching[0];
    if (found === undefined) return [`${method} ${path} is not in the document`];
    const response = found.operation.responses[String(answer.status)];
    if (response === undefined) return [`status ${answer.status} is not in the document`];
    const headers = Object.entries(response.headers ?? {}).flatMap(
      ([name, { required, schema }]) => {
        const text = answer.headers.get(name);
        if (text === null) return required === true ? [`header ${name} is missing`] : [];
        const isNumber = Reflect.get(schema, 'type') === 'integer';
        return faultsOf(`header ${name}`, schema, isNumber ? Number(text) : text);
      },
    );
    return [...headers, ...(method === 'HEAD' ? [] : bodyFaults(response, answer))];
  };

  function bodyFaults({ content }: OpenApiResponse, { headers, text }: SeenAnswer): string[] {
    if (content === undefined) return text === '' ? [] : ['there is a body'];
    const mediaType = headers.get('content-type')?.split(';')[0] ?? '';
    const described = content[mediaType] ?? content['*/*'];
    if (described === undefined) return [`the media type ${mediaType} is not in the document`];
    const { schema } = described;
    if (schema === undefined) return [];
    // The schema of NDJSON is that of each line.
    const texts = mediaType === NDJSON_MEDIA_TYPE ? text.trimEnd().split('\n') : [text];
    return texts.flatMap((each) => faultsOf('body', schema, JSON.parse(each)));
  }
}
