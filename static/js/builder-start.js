// For pages whose own start does not know builders, such as the administration.
import { startBuilders } from "./builder.js";

startBuilders();
