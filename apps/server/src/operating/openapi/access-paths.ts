import { json, type Operation, type Paths, TEXT } from './parts.ts';

const TOKEN = {
  200: {
    description: 'A token for the scopes that the caller may have of those asked for',
    content: json({
      type: 'object',
      properties: { token: TEXT, access_token: TEXT, expires_in: { type: 'integer' }, refresh_token: TEXT },
      required: ['token'],
    }),
  },
  401: { description: 'The credentials are no good' },
  429: { description: 'Too many wrong ones lately' },
};

/** Of Docker's token protocol, where access is controlled; `access/token-routes.ts` serves them. */
export const ACCESS_PATHS: Paths = {
  '/token': {
    get: {
      ...about('getToken', 'A token for the registry, by Basic credentials or none'),
      parameters: [
        { name: 'scope', in: 'query', description: 'Such as `repository:team/app:pull,push`', schema: TEXT },
        { name: 'service', in: 'query', description: 'As the challenge says it', schema: TEXT },
        { name: 'offline_token', in: 'query', description: '`true`: a refresh token too', schema: TEXT },
      ],
      responses: TOKEN,
    },
    post: {
      ...about('postToken', 'A token for the registry, by OAuth 2'),
      requestBody: {
        required: true,
        content: { 'application/x-www-form-urlencoded': { schema: { type: 'object' } } },
      },
      responses: TOKEN,
    },
  },
};

function about(operationId: string, summary: string): Omit<Operation, 'responses'> {
  return { operationId, summary, tags: ['access'], security: [{}, { basic: [] }] };
}
