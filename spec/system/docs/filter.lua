--- What pandoc changes in the reference: on the page each heading links to itself, and in the
--- manual page a table is a list, because a terminal is too narrow for its columns.

local is_manual = FORMAT == "man"

local emphasis = {
  Strong = function(found)
    return pandoc.Emph(found.content)
  end,
}

--- The first column as the term, with the second one if there are three; the last as the text.
local function list_of(rows)
  local items = {}
  for i, row in ipairs(rows) do
    local term = pandoc.utils.blocks_to_inlines(row[1])
    if #row > 2 then
      local types = pandoc.Inlines(pandoc.utils.blocks_to_inlines(row[2]))
      term:insert(pandoc.Space())
      term:extend(types:walk(emphasis))
    end
    items[i] = { term, { row[#row] } }
  end
  return pandoc.DefinitionList(items)
end

local manual = {
  Table = function(found)
    return list_of(pandoc.utils.to_simple_table(found).rows)
  end,
  Link = function(found)
    return found.content
  end,
  -- Pandoc would indent code twice, which leaves too few columns.
  CodeBlock = function(found)
    local text = found.text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("%f[^\n\0]([.'])", "\\&%1")
    return pandoc.RawBlock("man", ".PP\n.EX\n" .. text .. "\n.EE")
  end,
  Code = function(found)
    return pandoc.Strong(found.text)
  end,
  Header = function(found)
    local text = pandoc.utils.stringify(found.content)
    local is_section = found.level == 2
    return pandoc.Header(found.level - 1, pandoc.Str(is_section and text:upper() or text))
  end,
}

local page = {
  Header = function(found)
    found.content = { pandoc.Link(found.content, "#" .. found.identifier) }
    return found
  end,
}

--- Without the part on the command, which has a manual page of its own.
local function without_command(blocks)
  local kept, is_kept = pandoc.List(), true
  for _, block in ipairs(blocks) do
    if block.t == "Header" and block.level == 2 then
      is_kept = block.identifier ~= "command-line"
    end
    kept:insert(is_kept and block or nil)
  end
  return kept
end

local function heading(text)
  return pandoc.Header(1, pandoc.Str(text))
end

local function line(text)
  return pandoc.Para(pandoc.Str(text))
end

function Pandoc(doc)
  doc.meta.title = table.remove(doc.blocks, 1).content
  if not is_manual then
    doc.blocks = doc.blocks:walk(page)
    return doc
  end
  local version = pandoc.utils.stringify(doc.meta.title):match "%S+$"
  doc.meta.title, doc.meta.section = "elevenlabs-workspace", "3"
  doc.meta.footer = "elevenlabs-workspace " .. version
  doc.blocks = pandoc.Blocks(without_command(doc.blocks)):walk(manual)
  local name = "elevenlabs-workspace - remove, grant and read roles from Lua"
  for i, block in ipairs { heading "NAME", line(name), heading "DESCRIPTION" } do
    doc.blocks:insert(i, block)
  end
  doc.blocks:extend { heading "SEE ALSO", line "elevenlabs-workspace(1)" }
  return doc
end
