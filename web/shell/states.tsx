// What stands in a page's place: while it comes, when it failed, when there is none.

import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { Empty, ErrorNote, RowSkeletons, Skeleton } from '../ui/parts.tsx';
import { PageBody } from './page.tsx';

export function PagePending() {
  return (
    <PageBody>
      <h1 className="sr-only">Loading</h1>
      <Skeleton className="mb-6 h-7 w-44" />
      <div className="card overflow-hidden">
        <RowSkeletons />
      </div>
    </PageBody>
  );
}

export function PageError({ error, reset }: ErrorComponentProps) {
  return (
    <PageBody>
      <ErrorNote error={error} retry={reset} />
    </PageBody>
  );
}

export function NotFound() {
  return (
    <PageBody>
      <Empty
        icon={<Compass />}
        title="There is nothing here"
        level={1}
        action={
          <Link to="/connectors" className="btn btn-default">
            Go to connectors
          </Link>
        }
      >
        The address may be mistyped, or what stood here was removed.
      </Empty>
    </PageBody>
  );
}
