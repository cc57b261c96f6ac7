"""Tables of the domain, one aggregate per file."""

from tickets.models.approval import (
    Approval,
    ApprovalPolicy,
    ApprovalState,
    ApprovalStep,
    ApprovalVote,
    Expiry,
    VoteState,
)
from tickets.models.article import Article, ArticleFeedback, ArticleVersion
from tickets.models.article_file import ArticleFile
from tickets.models.attachment_text import AttachmentText
from tickets.models.automation import (
    AgentProfile,
    Macro,
    MacroUse,
    Rule,
    RuleEvent,
    RuleMark,
    RuleVersion,
    Skill,
)
from tickets.models.bulk import BulkChange
from tickets.models.catalog import Category, Status, Tag
from tickets.models.checklist import ChecklistItem, ChecklistStep, ChecklistTemplate
from tickets.models.draft import Draft
from tickets.models.field import CustomField
from tickets.models.forecast import SlaForecast, SlaHistory
from tickets.models.form import (
    FormGroup,
    FormItem,
    FormSubmission,
    FormTicket,
    RequestForm,
    SubmittedTicket,
)
from tickets.models.guest import GuestRequest
from tickets.models.kept_form import KeptForm
from tickets.models.link import Merge, TicketLink
from tickets.models.log import Change
from tickets.models.message import Attachment, Message
from tickets.models.notice import (
    Letter,
    LetterLine,
    LetterState,
    Mention,
    NoticedFact,
    Notification,
    NotificationSettings,
    Watch,
)
from tickets.models.pending import DeskSettings, PendingReason
from tickets.models.rating import Rating, RatingSettings
from tickets.models.runbook import Runbook, RunbookRun, RunbookStep, RunState
from tickets.models.schedule import Schedule, ScheduleRun
from tickets.models.sla import (
    BusinessCalendar,
    CalendarDay,
    CalendarVersion,
    SlaClock,
    SlaFired,
    SlaPolicy,
    SlaReplan,
    SlaStep,
    SlaTarget,
    WorkingSpan,
)
from tickets.models.status_page import StatusFollower, StatusNotice, StatusUpdate
from tickets.models.ticket import Ticket, TicketQuerySet, TicketTag
from tickets.models.tickettype import PriorityCell, TicketType, Transition, TypeStatus
from tickets.models.timeentry import TimeEntry, Timer
from tickets.models.view import SavedView

__all__ = [
    "AgentProfile",
    "Approval",
    "ApprovalPolicy",
    "ApprovalState",
    "ApprovalStep",
    "ApprovalVote",
    "Article",
    "ArticleFeedback",
    "ArticleFile",
    "ArticleVersion",
    "Attachment",
    "AttachmentText",
    "BulkChange",
    "BusinessCalendar",
    "CalendarDay",
    "CalendarVersion",
    "Category",
    "Change",
    "ChecklistItem",
    "ChecklistStep",
    "ChecklistTemplate",
    "CustomField",
    "DeskSettings",
    "Draft",
    "Expiry",
    "FormGroup",
    "FormItem",
    "FormSubmission",
    "FormTicket",
    "GuestRequest",
    "KeptForm",
    "Letter",
    "LetterLine",
    "LetterState",
    "Macro",
    "MacroUse",
    "Mention",
    "Merge",
    "Message",
    "NoticedFact",
    "Notification",
    "NotificationSettings",
    "PendingReason",
    "PriorityCell",
    "Rating",
    "RatingSettings",
    "RequestForm",
    "Rule",
    "RuleEvent",
    "RuleMark",
    "RuleVersion",
    "RunState",
    "Runbook",
    "RunbookRun",
    "RunbookStep",
    "SavedView",
    "Schedule",
    "ScheduleRun",
    "Skill",
    "SlaClock",
    "SlaFired",
    "SlaForecast",
    "SlaHistory",
    "SlaPolicy",
    "SlaReplan",
    "SlaStep",
    "SlaTarget",
    "Status",
    "StatusFollower",
    "StatusNotice",
    "StatusUpdate",
    "SubmittedTicket",
    "Tag",
    "Ticket",
    "TicketLink",
    "TicketQuerySet",
    "TicketTag",
    "TicketType",
    "TimeEntry",
    "Timer",
    "Transition",
    "TypeStatus",
    "VoteState",
    "Watch",
    "WorkingSpan",
]
