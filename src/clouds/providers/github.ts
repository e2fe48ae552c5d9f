import { z } from 'zod'
import type { Provider } from '../provider.ts'
import { type ListRow, readJson, rowsOfArray, toRanges } from '../provider-list.ts'

const prefixes = z.array(z.string())
/** Beside its lists the document holds keys, domains and more; which lists there are changes over the years. */
const LIST = z.object({
  actions: prefixes.min(1),
  actions_macos: prefixes.optional(),
  api: prefixes.optional(),
  codespaces: prefixes.optional(),
  copilot: prefixes.optional(),
  dependabot: prefixes.optional(),
  git: prefixes.optional(),
  github_enterprise_importer: prefixes.optional(),
  hooks: prefixes.optional(),
  importer: prefixes.optional(),
  packages: prefixes.optional(),
  pages: prefixes.optional(),
  web: prefixes.optional(),
})

/** GitHub, its hosted runners above all. Most of them run in Azure, whose list knows the region: let that one win. */
export const github: Provider = {
  id: 'github',
  title: 'GitHub',
  page: 'https://docs.github.com/en/rest/meta/meta#get-github-meta-information',
  url: 'https://api.github.com/meta',
  fileName: 'github.json',
  maxBytes: 5_000_000,
  minPrefixes: 500,
  parse(bytes) {
    return toRanges(github, rowsOf(readJson(github, bytes, LIST)))
  },
}

function* rowsOf(lists: z.infer<typeof LIST>): Iterable<ListRow> {
  for (const [service, texts = []] of Object.entries(lists))
    yield* rowsOfArray(texts, 'github', `$.${service}`)
}
