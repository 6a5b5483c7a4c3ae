import { renderToString } from "react-dom/server";
import { App } from "./App";

export const render = (session: string, endpoint: string) => renderToString(<App session={session} endpoint={endpoint} />);
