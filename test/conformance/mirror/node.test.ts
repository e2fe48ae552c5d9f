import { describeBlobs } from './blobs.ts'
import { describeNames } from './names.ts'

describeBlobs('node')
describeNames('node')
