import validRange from 'semver/ranges/valid.js'
import { z } from 'zod'
import { parseName } from '../../oci/name.ts'
import { readPattern } from '../pattern.ts'
import { file, flag, folder, text, textThat, wholeNumber } from './values.ts'

const PLATFORM = /^[a-z0-9]+(?:\/[a-z0-9_.-]+){1,2}$/
const RANGE_MAX = 256
const LISTINGS = ['catalog', 'childRepositories'] as const

const patterns = () => z.array(text('a pattern', readPattern)).prefault([])

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
  tags: z
    .strictObject({
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
    .prefault({})
    .describe('Which tags of them are copied.'),
  platforms: z
    .array(
      textThat('OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/amd64 or linux/arm/v7', (value) =>
        PLATFORM.test(value),
      ),
    )
    .prefault([])
    .describe('Of images for several platforms, which are copied; none takes all.'),
  referrers: flag().prefault(true).describe('Whether signatures and other referrers come along.'),
  journal: folder()
    .prefault('portolan-sync')
    .describe('Folder for what must survive the end of the process; relative to the folder of this file.'),
  concurrency: wholeNumber(1, 64).prefault(4).describe('How many blobs are copied at once.'),
  requestsPerSecond: wholeNumber(1, 10_000)
    .prefault(100)
    .describe('The most requests to one host in a second.'),
  signingKey: file()
    .optional()
    .describe(
      "The operator's Ed25519 private key in PEM, with which stores are marked; relative to the folder of this file.",
    ),
})
