--- Bugs that are put into the library on purpose. The worlds must find each.

---@type spec.Patch[]
return {
  {
    name = "a page is skipped if has_more is missing",
    module = "offboard.pages",
    from = "if not cursor then",
    to = "if not cursor or not said.has_more then",
  },
  {
    name = "a read that failed is no role",
    module = "offboard.discovery",
    from = [[READ_OF_KIND[err.kind] or "failed"]],
    to = [[READ_OF_KIND[err.kind] or "read"]],
  },
  {
    name = "an answer of another resource is a read",
    module = "answer.resource",
    from = "body.resource_id ~= asked.resource_id or body.resource_type ~= asked.resource_type",
    to = "body.resource_id == nil",
  },
  {
    name = "a custom role is forgotten",
    module = "offboard.roles",
    from = "if principal == id then",
    to = "if principal == id and RANK[role] then",
  },
  {
    name = "an id that is valid under two types counts once",
    module = "offboard.observer",
    from = [[return item.resource_type .. "\0" .. item.resource_id]],
    to = "return item.resource_id",
  },
  {
    name = "a plan is applied to another workspace",
    module = "offboard.subject",
    from = "if found.owner and found.owner.user_id ~= header.owner.user_id then",
    to = "if false then",
  },
  {
    name = "an older round's journal is believed",
    module = "offboard.case",
    from = [[("round-%d.%s.jsonl"):format(round, op)]],
    to = [[("round-%d.%s.jsonl"):format(op == "unshare" and math.min(round, 2) or round, op)]],
  },
  {
    name = "a removal follows a grant that failed",
    module = "offboard.apply",
    from = [[withheld[key_of(row)] = "the grant to the successor: " .. tostring(row.granted.why)]],
    to = "withheld[key_of(row)] = nil",
  },
  {
    name = "undo gives a role over a newer one",
    module = "offboard.undo",
    from = "if seen.roles[1] then",
    to = "if false then",
  },
  {
    name = "a headline forgets a group",
    module = "offboard.residuals",
    from = "count > 0,",
    to = "false,",
  },
  {
    name = "an error of a round that sent says not_sent",
    module = "offboard.ledger",
    from = [[self.has_sent[round] = self.has_sent[round] or result.outcome ~= "not_sent"]],
    to = "",
  },
  {
    name = "what undo gave back is done",
    module = "offboard.summary",
    from = "+ self.given_back + self",
    to = "+ self",
  },
  {
    name = "what was removed is called left",
    module = "offboard.left",
    from = [[if is_confirmed and not saw_role then]],
    to = "if false then",
  },
}
