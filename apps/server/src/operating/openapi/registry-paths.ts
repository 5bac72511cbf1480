import {
  BYTES,
  failure,
  INTEGER,
  json,
  type Operation,
  type Parameter,
  type Paths,
  type Response,
  type Schema,
  schemaRef,
  TEXT,
} from './parts.ts';

const NAME = inPath('name', 'Of a repository, such as `team/app`; it may hold slashes, as they are');
const DIGEST = inPath('digest', 'Of the blob');
const REFERENCE = inPath('reference', 'A tag or a digest');
const SESSION = inPath('session', 'Of the upload, from the `Location` that began it in this repository');
const DIGEST_QUERY = inQuery('digest', TEXT, 'Of what is sent');
const PAGE = [
  inQuery('n', INTEGER, 'At most so many'),
  inQuery('last', TEXT, 'Only what comes after this one'),
];

const NO_SUCH = failure('There is none, or the caller may not know');
const UNAUTHORIZED = failure('Credentials are wanted');
const MANIFEST: Response = {
  description: 'The manifest',
  headers: { 'docker-content-digest': { schema: TEXT }, etag: { schema: TEXT } },
  content: { '*/*': { schema: { type: 'object' } } },
};
const BLOB: Response = {
  description: 'The blob; where `accel-redirect` is set, `X-Accel-Redirect` and no bytes',
  headers: {
    'docker-content-digest': { schema: TEXT },
    'accept-ranges': { schema: TEXT },
    'x-accel-redirect': { schema: TEXT },
  },
  content: BYTES,
};
const GONE = {
  202: { description: 'It is gone' },
  401: UNAUTHORIZED,
  403: failure('The caller may not delete here'),
  404: NO_SUCH,
};
const SESSION_HEADERS = { location: { schema: TEXT }, range: { schema: TEXT } };
const STORED: Response = {
  description: 'It is stored',
  headers: { location: { schema: TEXT }, 'docker-content-digest': { schema: TEXT } },
};
const GOES_ON: Response = {
  description: 'The session goes on: `Range` says how much it holds',
  headers: SESSION_HEADERS,
};

/** Of OCI distribution-spec v1.1, whose own text says the rest; `registry/router.ts` serves them. */
export const REGISTRY_PATHS: Paths = {
  '/v2/': {
    get: {
      ...about('getBase', 'Whether this is a registry that lets the caller in'),
      responses: { 200: { description: 'It is' }, 401: UNAUTHORIZED },
    },
    head: {
      ...about('headBase', 'The same without a body'),
      responses: { 200: { description: 'It is' }, 401: UNAUTHORIZED },
    },
  },
  '/v2/_catalog': {
    get: {
      ...about('listRepositories', 'Names of repositories, in order', PAGE),
      responses: {
        200: {
          description: 'One page; `Link` leads to the next',
          headers: { link: { schema: TEXT } },
          content: json({
            type: 'object',
            properties: { repositories: { type: 'array', items: TEXT } },
            required: ['repositories'],
          }),
        },
        401: UNAUTHORIZED,
      },
    },
  },
  '/v2/{name}/tags/list': {
    get: {
      ...about('listTags', 'Tags of a repository, in order', [NAME, ...PAGE]),
      responses: {
        200: {
          description: 'One page; `Link` leads to the next',
          headers: { link: { schema: TEXT } },
          content: json({
            type: 'object',
            properties: { name: TEXT, tags: { type: 'array', items: TEXT } },
            required: ['name', 'tags'],
          }),
        },
        401: UNAUTHORIZED,
        404: NO_SUCH,
      },
    },
  },
  '/v2/{name}/manifests/{reference}': {
    get: {
      ...about('getManifest', 'A manifest, byte for byte', [NAME, REFERENCE]),
      responses: { 200: MANIFEST, 401: UNAUTHORIZED, 404: NO_SUCH },
    },
    head: {
      ...about('headManifest', 'Its headers', [NAME, REFERENCE]),
      responses: { 200: MANIFEST, 401: UNAUTHORIZED, 404: NO_SUCH },
    },
    put: {
      ...about('putManifest', 'Stores a manifest, once what it names is there', [
        NAME,
        REFERENCE,
        inQuery('tag', { type: 'array', items: TEXT }, 'Tags to set, where the reference is a digest'),
        inHeader('if-match', 'Only if the tag leads to this digest now'),
      ]),
      requestBody: { required: true, content: { '*/*': { schema: { type: 'object' } } } },
      responses: {
        201: STORED,
        400: failure('It is malformed, or something it names is not there'),
        401: UNAUTHORIZED,
        403: failure('The caller may not push here'),
        412: failure('The tag is not as the request wants it'),
        413: failure('It is too large'),
      },
    },
    delete: {
      ...about('deleteManifest', 'Takes a tag off, or a manifest with all its tags out', [NAME, REFERENCE]),
      responses: GONE,
    },
  },
  '/v2/{name}/blobs/{digest}': {
    get: {
      ...about('getBlob', 'A blob, or a range of it', [NAME, DIGEST, inHeader('range', 'bytes=FIRST-LAST')]),
      responses: {
        200: BLOB,
        206: { ...BLOB, description: 'A part' },
        401: UNAUTHORIZED,
        404: NO_SUCH,
        416: failure('The blob ends before the range begins'),
      },
    },
    head: {
      ...about('headBlob', 'Its headers', [NAME, DIGEST]),
      responses: { 200: BLOB, 401: UNAUTHORIZED, 404: NO_SUCH },
    },
    delete: {
      ...about('deleteBlob', 'Takes a blob out of the repository', [NAME, DIGEST]),
      responses: GONE,
    },
  },
  '/v2/{name}/referrers/{digest}': {
    get: {
      ...about('listReferrers', 'Manifests that have this one as their subject', [
        NAME,
        DIGEST,
        inQuery('artifactType', TEXT, 'Only those of this type'),
        ...PAGE,
      ]),
      responses: {
        200: {
          description: 'An image index of them; `Link` leads to the next page',
          content: { 'application/vnd.oci.image.index.v1+json': { schema: { type: 'object' } } },
        },
        401: UNAUTHORIZED,
      },
    },
  },
  '/v2/{name}/blobs/uploads/': {
    post: {
      ...about('startUpload', 'Begins an upload, or does it in this one request', [
        NAME,
        DIGEST_QUERY,
        inQuery('mount', TEXT, 'A blob that is to be taken from another repository'),
        inQuery('from', TEXT, 'That repository'),
        inQuery('digest-algorithm', { type: 'string', enum: ['sha256', 'sha512'] }, 'Of the digest to come'),
      ]),
      requestBody: { content: BYTES },
      responses: {
        201: STORED,
        202: { description: 'Send to `Location`', headers: SESSION_HEADERS },
        401: UNAUTHORIZED,
        403: failure('The caller may not push here'),
        507: failure('The disk is full'),
      },
    },
  },
  '/v2/{name}/blobs/uploads/{session}': {
    get: {
      ...about('getUpload', 'How much a session holds', [NAME, SESSION]),
      responses: {
        204: { description: '`Range` says it', headers: SESSION_HEADERS },
        401: UNAUTHORIZED,
        404: NO_SUCH,
      },
    },
    patch: {
      ...about('appendUpload', 'Sends some more', [
        NAME,
        SESSION,
        inHeader('content-range', 'FIRST-LAST; absent: all that is left, as it comes'),
      ]),
      requestBody: { required: true, content: BYTES },
      responses: {
        202: GOES_ON,
        401: UNAUTHORIZED,
        404: NO_SUCH,
        409: failure('Another request uses the session'),
        416: failure('The session does not end where this begins'),
        507: failure('The disk is full'),
      },
    },
    put: {
      ...about('commitUpload', 'Ends an upload, with what is left of it', [
        NAME,
        SESSION,
        { ...DIGEST_QUERY, required: true },
      ]),
      requestBody: { content: BYTES },
      responses: {
        201: STORED,
        400: failure('What was sent has another digest'),
        401: UNAUTHORIZED,
        404: NO_SUCH,
        507: failure('The disk is full'),
      },
    },
    delete: {
      ...about('cancelUpload', 'Forgets an upload', [NAME, SESSION]),
      responses: { 204: { description: 'It is forgotten' }, 401: UNAUTHORIZED, 404: NO_SUCH },
    },
  },
};

/** What the registry's answers are made of. */
export const REGISTRY_SCHEMAS: Readonly<Record<string, Schema>> = {
  Errors: {
    type: 'object',
    properties: { errors: { type: 'array', items: schemaRef('Error') } },
    required: ['errors'],
  },
  Error: {
    type: 'object',
    properties: { code: TEXT, message: TEXT, detail: {} },
    required: ['code', 'message'],
  },
};

function about(
  operationId: string,
  summary: string,
  parameters?: readonly Parameter[],
): Omit<Operation, 'responses'> {
  return { operationId, summary, tags: ['registry'], ...(parameters && { parameters }) };
}

function inPath(name: string, description: string): Parameter {
  return { name, in: 'path', required: true, description, schema: TEXT };
}

function inQuery(name: string, schema: Schema, description: string): Parameter {
  return { name, in: 'query', description, schema };
}

function inHeader(name: string, description: string): Parameter {
  return { name, in: 'header', description, schema: TEXT };
}
