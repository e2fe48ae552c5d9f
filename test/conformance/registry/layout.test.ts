import { makeLayout } from './layout-place.ts'
import { describeReader } from './suite.ts'

describeReader('an image layout', async () => {
  const { layout, [Symbol.asyncDispose]: dispose } = await makeLayout()
  return { reader: layout, [Symbol.asyncDispose]: dispose }
})
