--- Stand-in.
return { write = function() end }
