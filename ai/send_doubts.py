"""Before a draft is sent: is it still right? The domain's port, answered from the sources' rows."""

from ai.staleness import doubts_before_sending
from tickets.send_doubts import add_send_doubt

add_send_doubt(doubts_before_sending)
