import type { CopiedImage } from '../../replication/images/copy-report.ts'
import { formatBytes, formatCount } from '../format-quantity.ts'
import type { Board } from './progress.ts'
import { Rate } from './rate.ts'

/** What a copy of images tells while it is under way. */
export type ImageEvent =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | ({ readonly kind: 'image' } & CopiedImage)

/** A board that is told how many images there will be. */
export interface ImageBoard extends Board<ImageEvent> {
  expect(images: number): void
}

/** How far a copy of images is. */
export function createImageBoard(): ImageBoard {
  let total = 0
  let sums = { images: 0, failed: 0, bytes: 0 }
  const rate = new Rate()
  return {
    expect(images) {
      total = images
    },
    note(event) {
      if (event.kind === 'bytes') {
        sums = { ...sums, bytes: sums.bytes + event.bytes }
        return true
      }
      const failed = sums.failed + (event.status === 'failed' ? 1 : 0)
      sums = { ...sums, images: sums.images + 1, failed }
      return false
    },
    sums: () => sums,
    draw(now) {
      rate.note(now, sums.bytes)
      const { images, failed, bytes } = sums
      const bad = failed === 0 ? '' : `, ${failed} failed`
      const speed = rate.perSecond === undefined ? '' : `, ${formatBytes(rate.perSecond)}/s`
      return [`${images} of ${formatCount(total, 'image')}${bad}; ${formatBytes(bytes)} sent${speed}`]
    },
  }
}
