import { describeBlobs } from './blobs.ts'

describeBlobs('bun')
