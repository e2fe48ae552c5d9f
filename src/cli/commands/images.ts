import { kubernetesReleases } from '../../releases/kubernetes-releases.ts'
import { listImages } from '../image-listing.ts'
import {
  formatLines,
  formatRemarks,
  formatSync,
  formatTotal,
  formatUpgrade,
  imagesExitCode,
  type PrintedListing,
} from '../images-report.ts'
import { interruptible } from '../interruption.ts'
import { printLongJson, say } from '../print.ts'
import { resolveListing } from '../resolve-listing.ts'
import type { ImagesOptions } from './images-spec.ts'

/** Prints a list of images, and says what it lacks; gives the exit code. */
export async function runImages(options: ImagesOptions): Promise<number> {
  const listed = await listImages(options)
  const listing = options.digests ? await resolved(listed, options) : listed
  if (options.json) {
    const { source, read } = kubernetesReleases
    const isOfReleases = options.kubernetes ?? options.upgrade
    await printLongJson({ ...listing, ...(isOfReleases && { releases: { source, read } }) })
  } else process.stdout.write(options.yaml ? formatSync(listing) : formatLines(listing))
  // To standard error, where it does not get into what is piped on; the list lacks something without it.
  for (const line of formatRemarks(listing)) console.error(line)
  for (const line of formatUpgrade(listing)) say(line)
  say(formatTotal(listing))
  return imagesExitCode(listing)
}

async function resolved(listing: PrintedListing, options: ImagesOptions): Promise<PrintedListing> {
  const interruption = interruptible(say, 'nothing is printed')
  try {
    return await resolveListing(listing, options, interruption.signal)
  } finally {
    interruption[Symbol.dispose]()
  }
}
