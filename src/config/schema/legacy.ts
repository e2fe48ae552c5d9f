import { z } from 'zod'
import { PHASE_KINDS } from '../legacy-config.ts'
import { readHostName } from '../listen-address.ts'
import { readSuccessor } from '../successor.ts'
import { conditionsSchema } from './routing.ts'
import { DAY, duration, file, HOSTS_MAX, HOUR, id, pageUrl, percentage, text, wholeNumber } from './values.ts'

const PHASES_MAX = 256

/** A moment that is the same everywhere, in milliseconds since 1970: announcements go wrong by time zones. */
const moment = () => {
  const message =
    'must be a moment with its time zone, such as 2027-01-11T09:00:00Z or 2027-01-11T09:00:00+01:00'
  return z.iso
    .datetime({
      offset: true,
      error: ({ input }) => (input === undefined ? `is required, and ${message}` : message),
    })
    .transform((value) => Date.parse(value))
}

const day = z.iso.date({ error: 'must be a day, such as 2026-04-03' })
const hostName = () => text('a host name, such as old.example', readHostName)

/** For whom a phase is. */
const cohort = z.strictObject({
  share: percentage()
    .prefault('100 %')
    .describe(
      'Of all clients, how many: the same ones each time, by their network, and those of a smaller share among those of a larger.',
    ),
  when: conditionsSchema.describe('Conditions, all of which must hold, as rules have them.'),
})

const phase = z.strictObject({
  id: id().optional().describe('How the log and the metrics call it; warn-1 and so on without.'),
  phase: z
    .enum(PHASE_KINDS)
    .describe(
      'announce tells people; warn has the door answer manifests with Warning: 299; brownout refuses for a while; redirect sends clients to the successor; refuse ends it.',
    ),
  from: moment().describe('When it begins, with the time zone.'),
  until: moment().optional().describe('When it is over; a brownout needs it.'),
  cohort: cohort.prefault({}).describe('For whom it is; for all by default.'),
  answer: z
    .enum(['unavailable', 'denied'])
    .optional()
    .describe('What a brownout answers: unavailable (503 with Retry-After, the default) or denied (403).'),
})

/** An old name of the registry, and how it ends. */
export const legacySchema = z.strictObject({
  host: hostName().describe('The old name, as image references have it.'),
  names: z
    .array(hostName())
    .max(HOSTS_MAX)
    .prefault([])
    .describe('Other hosts that are the same, such as those of regions.'),
  successor: text('a host such as registry.example, or its http or https origin', readSuccessor).describe(
    'The name that takes its place.',
  ),
  frozen: day.describe('The day from which on nothing new came under the old name.'),
  list: file()
    .optional()
    .describe(
      'File of what the old name has, as "portolan legacy check" writes it; relative to the folder of this one. Read again when it changes.',
    ),
  maxAge: duration(HOUR, 90 * DAY)
    .prefault('7d')
    .describe('How long before a phase begins that list may have been checked, at the most.'),
  record: file()
    .optional()
    .describe(
      'File in which the door keeps what became of the phases, so that it is known after a restart; relative to the folder of this one.',
    ),
  off: file()
    .optional()
    .describe(
      'The kill switch: a file of the ids of phases that are switched off, one a line, or "all". Looked at each second; it need not be there.',
    ),
  info: pageUrl().optional().describe('A page that says more.'),
  failures: z
    .strictObject({
      share: percentage()
        .prefault('5 %')
        .describe(
          'Of its clients within five minutes, how many may fail; clients are networks, counted once a minute.',
        ),
      least: wholeNumber(1, 1_000_000)
        .prefault(100)
        .describe('How many clients there must be before that counts.'),
    })
    .prefault({})
    .describe('When a phase ends by itself.'),
  phases: z
    .array(phase)
    .min(1, { error: 'must name at least one phase' })
    .max(PHASES_MAX)
    .describe('The schedule. What has begun stays as it is: it goes on by phases that are added.'),
})
