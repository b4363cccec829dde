import { Controller, Delete, Get, Query, Req } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { PageQuery, type Page } from '../../kernel/page.js';
import { DataJobs, Job } from '../../data/contract/jobs.js';
import { PathId } from '../../platform/http/path.pipe.js';
import { Limited } from '../access/limited.js';
import { Describe } from '../openapi/describe.js';
import type { SignedRequest } from './request.adapter.js';

/** Long work and what became of it. */
@Controller('v1/jobs')
@RequireRole('trader')
export class JobsController {
  constructor(private readonly jobs: DataJobs) {}

  @Get()
  @Describe({
    summary: 'Jobs, newest first',
    more: 'Traders see their own, operators all.',
    answers: { pageOf: Job },
    problems: ['DATA_CURSOR_INVALID'],
  })
  list(@Query() query: PageQuery, @Req() { principal }: SignedRequest): Promise<Page<Job>> {
    return this.jobs.list({ principal, ...query });
  }

  @Get(':id')
  @Describe({ summary: 'A job', answers: Job, problems: ['DATA_JOB_UNKNOWN'] })
  get(@PathId('id') id: string, @Req() { principal }: SignedRequest): Promise<Job> {
    return this.jobs.get({ principal, id });
  }

  @Delete(':id')
  @Limited('safety')
  @Describe({ summary: 'Cancel a job', answers: Job, problems: ['DATA_JOB_UNKNOWN'] })
  cancel(@PathId('id') id: string, @Req() { principal }: SignedRequest): Promise<Job> {
    return this.jobs.cancel({ principal, id });
  }
}
