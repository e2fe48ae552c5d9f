import validRange from 'semver/ranges/valid.js'
import { z } from 'zod'
import { parseName } from '../../oci/name.ts'
import { readPattern } from '../pattern.ts'
import {
  DAY,
  duration,
  file,
  flag,
  folder,
  platforms,
  SECOND,
  text,
  textThat,
  wholeNumber,
} from './values.ts'

const RANGE_MAX = 256
const LISTINGS = ['catalog', 'childRepositories'] as const

const patternList = () => z.array(text('a pattern', readPattern))
const patterns = () => patternList().prefault([])

/** Which tags are chosen. */
const tags = () =>
  z.strictObject({
    include: patterns().describe('Patterns of tags, of which one must match; none takes all.'),
    exclude: patterns().describe('Patterns of tags that are left out.'),
    semver: textThat('a range of versions, such as ">=1.28 <2"', (value) => {
      return value.trim() !== '' && value.length <= RANGE_MAX && validRange(value) !== null
    })
      .optional()
      .describe('A range of versions. Tags that are no versions are left out then.'),
    latest: wholeNumber(1, 100_000)
      .optional()
      .describe('Only so many of each repository, the highest versions first.'),
  })

/** What "portolan sync" copies. */
export const syncSchema = z.strictObject({
  from: z
    .string()
    .optional()
    .describe(
      'Id of the upstream that is copied from, a remote one; the canonical one unless this says otherwise.',
    ),
  repositories: z
    .strictObject({
      list: z
        .union(
          [z.enum(LISTINGS), z.array(z.string()).min(1, { error: 'must name at least one repository' })],
          { error: `must be ${LISTINGS.join(', ')}, or a list of names such as kube-proxy or team/tool` },
        )
        .superRefine((list, { addIssue }) => {
          if (typeof list === 'string') return
          for (const [index, name] of list.entries()) {
            if (parseName(name) !== undefined) continue
            const message = 'must be the name of a repository, such as kube-proxy or team/tool'
            addIssue({ code: 'custom', input: name, path: [index], message })
          }
        })
        .prefault('catalog')
        .describe(
          'How they are found: catalog, childRepositories (Artifact Registry), or a list of their names.',
        ),
      include: patterns().describe('Patterns of names, of which one must match; none takes all.'),
      exclude: patterns().describe('Patterns of names that are left out.'),
    })
    .prefault({})
    .describe('Which repositories are copied.'),
  tags: tags().prefault({}).describe('Which tags of them are copied.'),
  perRepository: z
    .array(
      z.strictObject({
        repositories: patternList()
          .min(1, { error: 'must have at least one pattern' })
          .describe('Patterns of names, of which one must match.'),
        tags: tags().describe('Which tags of those are copied, in place of sync.tags.'),
      }),
    )
    .max(1000, { error: 'must have at most 1000 entries' })
    .prefault([])
    .describe('Other tags for some repositories: the first entry that matches counts.'),
  platforms: platforms()
    .prefault([])
    .describe('Of images for several platforms, which are copied; none takes all.'),
  referrers: flag().prefault(true).describe('Whether signatures and other referrers come along.'),
  referrersRecheck: duration(0, 30 * DAY)
    .prefault('1d')
    .describe(
      'The longest that an image goes without being asked for new referrers; younger ones are asked more often. 0s asks each time.',
    ),
  foreignLayers: z
    .enum(['skip', 'copy'])
    .prefault('skip')
    .describe(
      'What becomes of layers that lie elsewhere, such as those of Windows images: skip, or copy from there.',
    ),
  journal: folder()
    .prefault('portolan-sync')
    .describe('Folder for what must survive the end of the process; relative to the folder of this file.'),
  concurrency: wholeNumber(1, 64).prefault(4).describe('How many blobs are copied at once.'),
  requestsPerSecond: wholeNumber(1, 10_000)
    .prefault(100)
    .describe('The most requests to one host in a second.'),
  maxWait: duration(SECOND, DAY)
    .prefault('15m')
    .describe('The longest that a registry is waited for when it asks to be left alone (Retry-After).'),
  signingKey: file()
    .optional()
    .describe(
      "The operator's Ed25519 private key in PEM, with which stores are marked; relative to the folder of this file.",
    ),
})
