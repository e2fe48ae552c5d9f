import type { Shape } from '../shape.ts'

const SOURCE = 'the messages above, without what stands around them'

/** The cores of messages, as people and logs pass them on: they count where nothing says more. */
export const SHORT_SHAPES: readonly Shape[] = [
  {
    says: ['no such host', 'Temporary failure in name resolution'],
    causes: ['dns'],
    source: SOURCE,
    vague: true,
  },
  { says: ['connection refused', 'Connection refused'], causes: ['refused'], source: SOURCE, vague: true },
  {
    says: ['no route to host', 'network is unreachable'],
    causes: ['unreachable'],
    source: SOURCE,
    vague: true,
  },
  { says: ['connection reset by peer'], causes: ['reset'], source: SOURCE, vague: true },
  { says: ['i/o timeout', 'connection timed out'], causes: ['timeout'], source: SOURCE, vague: true },
  { says: ['unexpected EOF'], causes: ['truncated', 'reset'], source: SOURCE, vague: true },
  {
    says: ['toomanyrequests', '429 Too Many Requests'],
    causes: ['rate-limited'],
    source: SOURCE,
    vague: true,
  },
  { says: ['401 Unauthorized'], causes: ['unauthorized'], source: SOURCE, vague: true },
  { says: ['403 Forbidden'], causes: ['forbidden', 'unauthorized'], source: SOURCE, vague: true },
  { says: ['451 Unavailable For Legal Reasons'], causes: ['blocked-by-law'], source: SOURCE, vague: true },
  {
    says: [
      '500 Internal Server Error',
      '502 Bad Gateway',
      '503 Service Unavailable',
      '504 Gateway Timeout',
      '504 Gateway Time-out',
    ],
    causes: ['server-error'],
    source: SOURCE,
    vague: true,
  },
]
