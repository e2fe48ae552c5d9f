import { z } from 'zod'
import { providers } from '../../clouds/providers.ts'
import { readPlaceName } from '../place-name.ts'
import { suggestion } from '../suggestion.ts'
import { readPageUrl } from '../web-url.ts'
import { DAY, durationBetween, file, MINUTE, prefix, readDuration, text } from './values.ts'

const providerIds = providers.map(({ id }) => id)

const listSource = () =>
  text('off, or an http or https URL', (value) => (value === 'off' ? value : readPageUrl(value)))

const placeOverride = z.strictObject({
  prefix: prefix('an address prefix, such as 192.0.2.0/24 or 2001:db8::/32').describe(
    'Addresses of clients.',
  ),
  at: text('CLOUD/REGION, such as my-cloud/berlin', readPlaceName).describe('Where they are: CLOUD/REGION.'),
})

/** By what clients' places are found. */
export const cloudsSchema = z
  .strictObject({
    places: z
      .array(placeOverride)
      .prefault([])
      .describe(
        'Where addresses are that no published list knows, or knows wrongly; the longest prefix wins.',
      ),
    snapshot: file()
      .optional()
      .describe(
        'The range snapshot that "portolan ranges update" makes; relative to the folder of this file.',
      ),
    refresh: text(`off, or ${durationBetween(MINUTE, 30 * DAY)}`, (value) =>
      value === 'off' ? value : readDuration(value, MINUTE, 30 * DAY),
    )
      .prefault('off')
      .describe('How often the lists of the providers are fetched, or off.'),
    sources: z
      .record(z.string(), listSource())
      .superRefine((sources, { addIssue }) => {
        for (const id of Object.keys(sources)) {
          if (providerIds.includes(id)) continue
          const message = `names no provider${suggestion(id, providerIds)}; the providers are ${providerIds.join(', ')}`
          addIssue({ code: 'custom', input: sources[id], path: [id], message })
        }
      })
      .prefault({})
      .describe('By provider: the address of its list at a mirror, or off to leave the provider out.'),
  })
  .prefault({})
