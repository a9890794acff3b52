-- busted under the interpreter that runs this file, whichever that is.
require "busted.runner" { standalone = false }
