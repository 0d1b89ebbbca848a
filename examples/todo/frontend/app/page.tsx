import { load } from "../lib/backend";
import { List } from "./list";

// The tasks of now, and never those of the time of the build.
export const dynamic = "force-dynamic";

export default async function Page() {
  return <List first={await load()} />;
}
