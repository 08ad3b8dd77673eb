"""A length, a language and a generator in -> a text for TTS out; the sentences were written for this corpus."""

from __future__ import annotations

from typing import Final

import numpy as np

CHARACTERS_PER_S: Final = 17.0
MARGIN: Final = 1.15
"""Ask for more text than the clip can hold: it is cut to length afterwards, as long recordings are."""

SENTENCES: Final = {
    "en": (
        "The baker opens his shop before the sun is up.",
        "We walked along the river until the rain began.",
        "Please leave your name and number after the tone.",
        "Nobody knew where the old map had come from.",
        "The train to the north leaves from the second platform.",
        "She keeps her keys in a blue jar by the window.",
        "Our neighbours are painting their house again this summer.",
        "It takes about an hour to reach the top of the hill.",
        "Two small boats were waiting under the bridge.",
        "The lecture was longer than anyone had expected.",
        "Could you tell me which button opens the garage door?",
        "He found a ten pound note between the pages of a book.",
        "There is fresh coffee in the kitchen if you want some.",
        "The children are building a castle out of cardboard.",
        "Most of the apples fell during the storm last night.",
        "I would rather stay at home and finish this puzzle.",
    ),
    "nl": (
        "De bakker opent zijn winkel voordat de zon opkomt.",
        "We liepen langs de rivier tot het begon te regenen.",
        "Niemand wist waar die oude kaart vandaan kwam.",
        "De trein naar het noorden vertrekt van het tweede spoor.",
        "Ze bewaart haar sleutels in een blauwe pot bij het raam.",
        "Onze buren schilderen deze zomer hun huis opnieuw.",
        "Het duurt ongeveer een uur om de top te bereiken.",
        "Onder de brug lagen twee kleine bootjes te wachten.",
        "De vergadering duurde langer dan iedereen had verwacht.",
        "Er staat verse koffie in de keuken als je wilt.",
        "De kinderen bouwen een kasteel van karton.",
        "Ik blijf liever thuis om deze puzzel af te maken.",
        "Kunt u mij zeggen welke knop de deur opent?",
        "Gisteren vielen de meeste appels door de storm van de boom.",
    ),
    "cs": (
        "Pekař otevírá svůj obchod ještě před východem slunce.",
        "Šli jsme podél řeky, dokud nezačalo pršet.",
        "Nikdo nevěděl, odkud se ta stará mapa vzala.",
        "Vlak na sever odjíždí z druhého nástupiště.",
        "Klíče má schované v modré nádobě u okna.",
        "Sousedé letos v létě znovu natírají dům.",
        "Cesta na vrchol kopce trvá asi hodinu.",
        "Pod mostem čekaly dvě malé lodičky.",
        "Přednáška byla delší, než kdokoli čekal.",
        "V kuchyni je čerstvá káva, jestli máte chuť.",
        "Děti stavějí hrad z kartonu.",
        "Raději zůstanu doma a dokončím tuhle skládačku.",
        "Můžete mi říct, které tlačítko otevírá dveře?",
        "Většina jablek spadla včera v noci při bouřce.",
    ),
    "it": (
        "Il fornaio apre il negozio prima che sorga il sole.",
        "Abbiamo camminato lungo il fiume finché non ha piovuto.",
        "Nessuno sapeva da dove venisse quella vecchia mappa.",
        "Il treno per il nord parte dal secondo binario.",
        "Tiene le chiavi in un vaso blu vicino alla finestra.",
        "I nostri vicini ridipingono la casa anche quest'estate.",
        "Ci vuole circa un'ora per arrivare in cima alla collina.",
        "Due piccole barche aspettavano sotto il ponte.",
        "La lezione è durata più di quanto tutti pensassero.",
        "In cucina c'è del caffè fresco, se ne volete.",
        "I bambini costruiscono un castello di cartone.",
        "Preferisco restare a casa e finire questo gioco.",
        "Mi può dire quale pulsante apre la porta?",
        "Quasi tutte le mele sono cadute durante la tempesta.",
    ),
    "fr": (
        "Le boulanger ouvre sa boutique avant le lever du soleil.",
        "Nous avons marché le long de la rivière jusqu'à la pluie.",
        "Personne ne savait d'où venait cette vieille carte.",
        "Le train pour le nord part du deuxième quai.",
        "Elle garde ses clés dans un pot bleu près de la fenêtre.",
        "Nos voisins repeignent encore leur maison cet été.",
        "Il faut environ une heure pour atteindre le sommet.",
        "Deux petits bateaux attendaient sous le pont.",
        "La conférence a duré plus longtemps que prévu.",
        "Il y a du café frais dans la cuisine si vous voulez.",
        "Les enfants construisent un château en carton.",
        "Je préfère rester à la maison et finir ce jeu.",
        "Pouvez-vous me dire quel bouton ouvre la porte ?",
        "La plupart des pommes sont tombées pendant l'orage.",
    ),
    "ru": (
        "Пекарь открывает свою лавку ещё до восхода солнца.",
        "Мы шли вдоль реки, пока не начался дождь.",
        "Никто не знал, откуда взялась эта старая карта.",
        "Поезд на север отправляется со второго пути.",
        "Она хранит ключи в синей банке у окна.",
        "Наши соседи этим летом снова красят дом.",
        "До вершины холма можно дойти примерно за час.",
        "Под мостом ждали две маленькие лодки.",
        "Лекция оказалась длиннее, чем все ожидали.",
        "На кухне есть свежий кофе, если хотите.",
        "Дети строят замок из картона.",
        "Я лучше останусь дома и закончу эту головоломку.",
        "Скажите, пожалуйста, какая кнопка открывает дверь?",
        "Почти все яблоки упали вчера ночью во время бури.",
    ),
    "es": (
        "El panadero abre su tienda antes de que salga el sol.",
        "Caminamos junto al río hasta que empezó a llover.",
        "Nadie sabía de dónde había salido aquel mapa viejo.",
        "El tren hacia el norte sale del segundo andén.",
        "Guarda las llaves en un frasco azul junto a la ventana.",
        "Nuestros vecinos vuelven a pintar la casa este verano.",
        "Se tarda una hora más o menos en llegar a la cima.",
        "Dos barcas pequeñas esperaban debajo del puente.",
        "La charla duró más de lo que todos esperaban.",
        "Hay café recién hecho en la cocina, si quieres.",
        "Los niños construyen un castillo de cartón.",
        "Prefiero quedarme en casa y terminar este juego.",
        "¿Puede decirme qué botón abre la puerta?",
        "Casi todas las manzanas cayeron durante la tormenta.",
    ),
}
FALLBACK_LANGUAGE: Final = "en"


def text_of_about(duration_s: float, language: str, rng: np.random.Generator) -> str:
    """Random sentences, enough to speak somewhat longer than ``duration_s``; English where a language has none here."""
    pool = SENTENCES.get(language, SENTENCES[FALLBACK_LANGUAGE])
    wanted = duration_s * CHARACTERS_PER_S * MARGIN
    text: list[str] = []
    for index in rng.permutation(len(pool)):
        text.append(pool[index])
        if sum(map(len, text)) >= wanted:
            break
    return " ".join(text)
